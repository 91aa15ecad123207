// Every error text that a client can get, in Redis's words; the one table of them.
//
//   ctx.reply().Error(errors::kWrongType);
//
// Texts with parts are made by the functions below. Thread rule: constants.
#pragma once

#include <string>
#include <string_view>

#include "commands/command.h"

namespace ringtail::commands {
enum class AclDenial : uint8_t;  // acl_user.h
}

namespace ringtail::commands::errors {

inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kOutOfRange = "ERR index out of range";
inline constexpr std::string_view kOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kNanOrInfinity = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

// Strings and bitmaps.
inline constexpr std::string_view kDecrementOverflow = "ERR decrement would overflow";
inline constexpr std::string_view kBoundsCrossed = "ERR LBOUND must not be greater than UBOUND";
inline constexpr std::string_view kKeyCountInvalid = "ERR invalid numkeys value";
inline constexpr std::string_view kPairCountWrong = "ERR wrong number of key-value pairs";
inline constexpr std::string_view kDigestInvalid =
    "ERR must be exactly 16 hexadecimal characters";
inline constexpr std::string_view kLcsNotStrings =
    "ERR The specified keys must contain string values";
inline constexpr std::string_view kLcsLenAndIndexes =
    "ERR If you want both the length and indexes, please just use IDX.";
inline constexpr std::string_view kLcsTooLong = "ERR String too long for LCS";
inline constexpr std::string_view kLcsMemory =
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
inline constexpr std::string_view kBitOffset =
    "ERR bit offset is not an integer or out of range";
inline constexpr std::string_view kBitValue = "ERR bit is not an integer or out of range";
inline constexpr std::string_view kBitArgument = "ERR The bit argument must be 1 or 0.";
inline constexpr std::string_view kBitopNot =
    "ERR BITOP NOT must be called with a single source key.";
inline constexpr std::string_view kBitfieldType =
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
    "is.";
inline constexpr std::string_view kBitfieldOverflow = "ERR Invalid OVERFLOW type specified";
inline constexpr std::string_view kBitfieldReadOnly =
    "ERR BITFIELD_RO only supports the GET subcommand";

inline constexpr std::string_view kOutOfMemory =
    "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
inline constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view kDbIndexOutOfRange = "ERR DB index is out of range";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";
inline constexpr std::string_view kOffsetOutOfRange = "ERR offset is out of range";

// Sets.
inline constexpr std::string_view kKeyCountNotPositive = "ERR numkeys should be greater than 0";
inline constexpr std::string_view kKeyCountTooLarge =
    "ERR Number of keys can't be greater than number of args";
inline constexpr std::string_view kLimitNegative = "ERR LIMIT can't be negative";
inline constexpr std::string_view kRandomCountRange =
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
inline constexpr std::string_view kRandomCountTooLarge = "ERR value is out of range";

// HyperLogLog.
inline constexpr std::string_view kNotHyperLogLog =
    "WRONGTYPE Key is not a valid HyperLogLog string value.";
inline constexpr std::string_view kCorruptHyperLogLog = "INVALIDOBJ Corrupted HLL object detected";
inline constexpr std::string_view kNoSuchHyperLogLog = "ERR The specified key does not exist";
inline constexpr std::string_view kHyperLogLogNotSparse = "ERR HLL encoding is not sparse";
inline constexpr std::string_view kRegistersUnsound = "TESTFAILED a register is not what it was set to";
inline constexpr std::string_view kEstimatesUnsound = "TESTFAILED an estimate is too far off";
/// "ERR BITOP DIFF must be called with at least two source keys."
std::string BitopOneSource(std::string_view operation);
/// "ERR Unknown PFDEBUG subcommand 'x'"
std::string UnknownPfDebug(std::string_view subcommand);

// Connections and clients.
inline constexpr std::string_view kAuthWithoutPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure "
    "your configuration is correct?";
inline constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";
inline constexpr std::string_view kClientNameUnprintable =
    "ERR Client names cannot contain spaces, newlines or special characters.";
inline constexpr std::string_view kNoSuchClient = "ERR No such client";
inline constexpr std::string_view kClientIdNotPositive = "ERR client-id should be greater than 0";
inline constexpr std::string_view kInvalidClientId = "ERR Invalid client ID";
inline constexpr std::string_view kTimeoutNotInteger =
    "ERR timeout is not an integer or out of range";
inline constexpr std::string_view kTimeoutNotFloat =
    "ERR timeout is not a float or out of range";
inline constexpr std::string_view kTimeoutOutOfRange = "ERR timeout is out of range";
inline constexpr std::string_view kTimeoutNegative = "ERR timeout is negative";

// Keys, expiry, whole databases.
inline constexpr std::string_view kNotInt32 =
    "ERR value is out of range, value must between -2147483648 and 2147483647";
inline constexpr std::string_view kNxExcludesOthers =
    "ERR NX and XX, GT or LT options at the same time are not compatible";
inline constexpr std::string_view kGtExcludesLt =
    "ERR GT and LT options at the same time are not compatible";
inline constexpr std::string_view kFirstDbIndex = "ERR invalid first DB index";
inline constexpr std::string_view kSecondDbIndex = "ERR invalid second DB index";
inline constexpr std::string_view kNoIdleTimeUnderLfu =
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
    "switching between policies at runtime LRU and LFU data will take some time to adjust.";
inline constexpr std::string_view kNoIdleTimeUnderAdaptive =
    "ERR An adaptive maxmemory policy is selected, idle time not tracked.";
inline constexpr std::string_view kNoFrequency =
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
    "when switching between policies at runtime LRU and LFU data will take some time to adjust.";

// Transactions.
inline constexpr std::string_view kNestedMulti = "ERR MULTI calls can not be nested";
inline constexpr std::string_view kWatchInMulti = "ERR WATCH inside MULTI is not allowed";
inline constexpr std::string_view kExecWithoutMulti = "ERR EXEC without MULTI";
inline constexpr std::string_view kDiscardWithoutMulti = "ERR DISCARD without MULTI";
inline constexpr std::string_view kNotInTransaction = "ERR Command not allowed inside a transaction";
inline constexpr std::string_view kExecAbort =
    "EXECABORT Transaction discarded because of previous errors.";
inline constexpr std::string_view kMonitorInMulti =
    "ERR MONITOR isn't allowed for DENY BLOCKING client";
/// `error` as it would have been answered outside a transaction.
std::string ExecAbort(std::string_view error);

// Hashes.
inline constexpr std::string_view kHashValueNotInteger = "ERR hash value is not an integer";
inline constexpr std::string_view kHashValueNotFloat = "ERR hash value is not a float";
inline constexpr std::string_view kValueNanOrInfinity = "ERR value is NaN or Infinity";
inline constexpr std::string_view kValueOutOfRange = "ERR value is out of range";
inline constexpr std::string_view kFieldsMissing =
    "ERR Mandatory argument FIELDS is missing or not at the right position";
inline constexpr std::string_view kFieldCountNotPositive =
    "ERR Parameter `numFields` should be greater than 0";
inline constexpr std::string_view kFieldsToDeleteNotPositive =
    "ERR Number of fields must be a positive integer";
inline constexpr std::string_view kFieldCountMismatch =
    "ERR The `numfields` parameter must match the number of arguments";
inline constexpr std::string_view kFieldExpiryNegative =
    "ERR invalid expire time, must be >= 0";
inline constexpr std::string_view kFieldCountInvalid = "ERR invalid number of fields";
inline constexpr std::string_view kFieldArgumentCount = "ERR wrong number of arguments";
inline constexpr std::string_view kFieldsNotGiven = "ERR missing FIELDS argument";
inline constexpr std::string_view kGetOneExpiry =
    "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";
inline constexpr std::string_view kSetOneExpiry =
    "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
inline constexpr std::string_view kOneFieldCondition =
    "ERR Only one of FXX or FNX arguments can be specified";
inline constexpr std::string_view kNotInt64 =
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";

// Sorted sets.
inline constexpr std::string_view kNxExcludesXx =
    "ERR XX and NX options at the same time are not compatible";
inline constexpr std::string_view kGtLtNxExclude =
    "ERR GT, LT, and/or NX options at the same time are not compatible";
inline constexpr std::string_view kIncrOnePair =
    "ERR INCR option supports a single increment-element pair";
inline constexpr std::string_view kScoreNan = "ERR resulting score is not a number (NaN)";
inline constexpr std::string_view kScoreRange = "ERR min or max is not a float";
inline constexpr std::string_view kMemberRange = "ERR min or max not valid string range item";
inline constexpr std::string_view kLimitByRank =
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
inline constexpr std::string_view kScoresByLex =
    "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
inline constexpr std::string_view kWeightNotFloat = "ERR weight value is not a float";
/// "ERR at least 1 input key is needed for 'zunion' command"
std::string NoInputKeys(std::string_view full_name);

// Positions on the earth.
inline constexpr std::string_view kGeoUnit =
    "ERR unsupported unit provided. please use M, KM, FT, MI";
inline constexpr std::string_view kGeoRadius = "ERR need numeric radius";
inline constexpr std::string_view kGeoRadiusNegative = "ERR radius cannot be negative";
inline constexpr std::string_view kGeoWidth = "ERR need numeric width";
inline constexpr std::string_view kGeoHeight = "ERR need numeric height";
inline constexpr std::string_view kGeoBoxNegative = "ERR height or width cannot be negative";
inline constexpr std::string_view kGeoVertices =
    "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
inline constexpr std::string_view kGeoMember = "ERR could not decode requested zset member";
inline constexpr std::string_view kGeoCount = "ERR COUNT must be > 0";
inline constexpr std::string_view kGeoAny = "ERR the ANY argument requires COUNT argument";
/// "ERR invalid longitude,latitude pair 181.000000,0.000000"
std::string InvalidPosition(double longitude, double latitude);
/// "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch"
std::string NoGeoCenter(std::string_view command);
/// "ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch"
std::string NoGeoShape(std::string_view command);
/// "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
std::string StoresNoOptions(std::string_view what);

// Waiting for replicas and the disk.
inline constexpr std::string_view kWaitAofLocalRange =
    "ERR value is out of range, must be between 0 and 1";
inline constexpr std::string_view kWaitAofDisabled =
    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

// COMMAND and DEBUG.
inline constexpr std::string_view kInvalidCommand = "ERR Invalid command specified";
inline constexpr std::string_view kCommandWithoutKeys = "ERR The command has no key arguments";
inline constexpr std::string_view kInvalidCommandArity =
    "ERR Invalid number of arguments specified for command";
inline constexpr std::string_view kInvalidCommandArguments =
    "ERR Invalid arguments specified for command";
inline constexpr std::string_view kDebugNotAllowed =
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can "
    "run it from a local connection, otherwise you need to set this option in the configuration "
    "file, and then restart the server.";
inline constexpr std::string_view kNotPositive = "ERR value is out of range, must be positive";
inline constexpr std::string_view kUnknownProtocolType =
    "ERR Wrong protocol type name. Please use one of the following: "
    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";
inline constexpr std::string_view kNotInResp2 = "ERR RESP2 is not supported by this command";
inline constexpr std::string_view kPackedThreshold =
    "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
inline constexpr std::string_view kNoPersistence =
    "ERR nothing to reload from: this server does not persist its data yet";
// Lists, SORT.
inline constexpr std::string_view kNumKeysNotPositive = "ERR numkeys should be greater than 0";
inline constexpr std::string_view kCountNotPositive = "ERR count should be greater than 0";
inline constexpr std::string_view kRankZero =
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
    "negative to start from the end of the list";
inline constexpr std::string_view kCountNegative = "ERR COUNT can't be negative";
inline constexpr std::string_view kMaxLenNegative = "ERR MAXLEN can't be negative";
inline constexpr std::string_view kSortNotDouble =
    "ERR One or more scores can't be converted into double";


// DUMP, RESTORE, MIGRATE.
inline constexpr std::string_view kBusyKey = "BUSYKEY Target key name already exists.";
inline constexpr std::string_view kTtlNegative = "ERR Invalid TTL value, must be >= 0";
inline constexpr std::string_view kIdleTimeNegative = "ERR Invalid IDLETIME value, must be >= 0";
inline constexpr std::string_view kFrequencyOutOfRange =
    "ERR Invalid FREQ value, must be >= 0 and <= 255";
inline constexpr std::string_view kPayloadNotIntact =
    "ERR DUMP payload version or checksum are wrong";
inline constexpr std::string_view kPayloadBadFormat = "ERR Bad data format";
inline constexpr std::string_view kMigrateKeyNotEmpty =
    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";
inline constexpr std::string_view kMigrateConnecting =
    "IOERR error or timeout connecting to the client";
inline constexpr std::string_view kMigrateWriting =
    "IOERR error or timeout writing to target instance";
inline constexpr std::string_view kMigrateReading =
    "IOERR error or timeout reading to target instance";
inline constexpr std::string_view kMigrateRefused = "ERR Target instance replied with error: ";

/// "ERR unknown subcommand or wrong number of arguments for 'x'. Try SLOWLOG HELP."
std::string UnknownForm(std::string_view container, std::string_view subcommand);
/// "ERR unknown subcommand or wrong number of arguments for 'x'. Try DEBUG HELP."
std::string UnknownDebug(std::string_view subcommand);

// Streams.
inline constexpr std::string_view kStreamId =
    "ERR Invalid stream ID specified as stream command argument";
inline constexpr std::string_view kStreamRangeStart = "ERR invalid start ID for the interval";
inline constexpr std::string_view kStreamRangeEnd = "ERR invalid end ID for the interval";
inline constexpr std::string_view kStreamTwoTrims =
    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
inline constexpr std::string_view kStreamNoTrim =
    "ERR syntax error, XTRIM must be called with either a MAXLEN or MINID trim strategy";
inline constexpr std::string_view kStreamLimitAlone =
    "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
inline constexpr std::string_view kStreamLimitOfExact =
    "ERR syntax error, LIMIT cannot be used without the special ~ option";
inline constexpr std::string_view kStreamMaxLen = "ERR The MAXLEN argument must be >= 0.";
inline constexpr std::string_view kStreamLimit = "ERR The LIMIT argument must be >= 0.";
inline constexpr std::string_view kStreamIdZero =
    "ERR The ID specified in XADD must be greater than 0-0";
inline constexpr std::string_view kStreamIdsExhausted =
    "ERR The stream has exhausted the last possible ID, unable to add more items";
inline constexpr std::string_view kStreamIdTooSmall =
    "ERR The ID specified in XADD is equal or smaller than the target stream top item";
inline constexpr std::string_view kStreamEntryTooLarge =
    "ERR Elements are too large to be stored";
inline constexpr std::string_view kStreamEntriesAdded = "ERR entries_added must be positive";
inline constexpr std::string_view kStreamSetIdBelowGiven =
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
inline constexpr std::string_view kStreamSetIdBelowTop =
    "ERR The ID specified in XSETID is smaller than the target stream top item";
inline constexpr std::string_view kStreamEntriesAddedBelowLength =
    "ERR The entries_added specified in XSETID is smaller than the target stream length";
inline constexpr std::string_view kStreamIdCountNotPositive =
    "ERR Number of IDs must be a positive integer";
inline constexpr std::string_view kStreamIdCountWrong =
    "ERR The `numids` parameter must match the number of arguments";
inline constexpr std::string_view kStreamUnbalanced =
    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.";
inline constexpr std::string_view kStreamGroupInXRead =
    "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
inline constexpr std::string_view kStreamNoAckInXRead =
    "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
inline constexpr std::string_view kStreamGroupMissing = "ERR Missing GROUP option for XREADGROUP";
inline constexpr std::string_view kStreamDollarInGroup =
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of "
    "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would "
    "just return an empty result set.";
inline constexpr std::string_view kStreamNewInXRead =
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> "
    "option.";
inline constexpr std::string_view kStreamEntriesRead =
    "ERR value for ENTRIESREAD must be positive or -1";
inline constexpr std::string_view kStreamGroupNeedsKey =
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use "
    "the MKSTREAM option to create an empty stream automatically.";
inline constexpr std::string_view kStreamGroupExists =
    "BUSYGROUP Consumer Group name already exists";
inline constexpr std::string_view kStreamClaimMinIdle =
    "ERR Invalid min-idle-time argument for XCLAIM";
inline constexpr std::string_view kStreamClaimIdle =
    "ERR Invalid IDLE option argument for XCLAIM";
inline constexpr std::string_view kStreamClaimTime =
    "ERR Invalid TIME option argument for XCLAIM";
inline constexpr std::string_view kStreamClaimRetryCount =
    "ERR Invalid RETRYCOUNT option argument for XCLAIM";
inline constexpr std::string_view kStreamAutoClaimMinIdle =
    "ERR Invalid min-idle-time argument for XAUTOCLAIM";
inline constexpr std::string_view kStreamAutoClaimCount = "ERR COUNT must be > 0";
/// "NOGROUP No such key 'k' or consumer group 'g'", and behind it what else there is to say.
std::string NoKeyOrGroup(std::string_view key, std::string_view group, std::string_view rest = {});
/// "NOGROUP No such consumer group 'g' for key name 'k'"
std::string NoGroupOfKey(std::string_view key, std::string_view group);
/// "ERR Unrecognized XCLAIM option 'x'"
std::string UnknownClaimOption(std::string_view option);

// Access control.
inline constexpr std::string_view kAclUserName =
    "ERR Usernames can't contain spaces or null characters";
inline constexpr std::string_view kAclDefaultStays = "ERR The 'default' user cannot be removed";
inline constexpr std::string_view kAclNoFile =
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users "
    "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "
    "configuration file set) in order to store users in the Redis configuration.";
inline constexpr std::string_view kAclSaveFailed =
    "ERR There was an error trying to save the ACLs. Please check the server logs for more "
    "information";
inline constexpr std::string_view kAclPasswordBits =
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
    "number up to 4096";
inline constexpr std::string_view kSortByDenied =
    "ERR BY option of SORT denied due to insufficient ACL permissions.";
inline constexpr std::string_view kSortGetDenied =
    "ERR GET option of SORT denied due to insufficient ACL permissions.";
/// "NOPERM this user has no permissions to run the 'get' command", or to touch a key or a channel.
std::string NoPermission(AclDenial denial, std::string_view full_name);
/// What EXEC answers in place of a command that was allowed when it was queued.
std::string NoLongerPermitted(AclDenial denial);
/// "ERR The user executing the script can't run this command or subcommand": what redis.call fails with.
std::string NoPermissionInScript(AclDenial denial);

// Subscribers.
inline constexpr std::string_view kShardSubscribeInMulti =
    "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client";
/// "ERR Can't execute 'get': only (P|S)SUBSCRIBE / …"
std::string NotForSubscribers(std::string_view full_name);

/// "ERR wrong number of arguments for 'get' command" ("client|list" for a subcommand).
std::string WrongArity(std::string_view full_name);
/// "ERR unknown command 'x', with args beginning with: 'a' 'b' " as Redis cuts it.
std::string UnknownCommand(Args args);
/// "ERR unknown subcommand 'x'. Try CLIENT HELP."
std::string UnknownSubcommand(std::string_view container, std::string_view subcommand);
/// "ERR invalid expire time in 'set' command"
std::string InvalidExpire(std::string_view full_name);
/// "ERR unknown argument: x"
std::string UnknownArgument(std::string_view argument);
/// "ERR Unsupported option x"
std::string UnsupportedOption(std::string_view option);

}  // namespace ringtail::commands::errors
