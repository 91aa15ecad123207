#include "server/acl_log.h"

#include <gtest/gtest.h>

namespace ringtail::server {
namespace {

using commands::AclDenial;
using commands::AclIncident;
using commands::AclPlace;

AclIncident Incident(std::string_view object) {
  return {.reason = AclDenial::kKey, .place = AclPlace::kTopLevel, .object = object, .user = "bob",
          .client_id = 1};
}

TEST(AclLog, IncidentsOfOneKindAreCountedAndComeFirst) {
  AclLog log;
  log.Add(Incident("a"), "one", 1000);
  log.Add(Incident("b"), "two", 2000);
  log.Add(Incident("a"), "three", 3000);
  const auto entries = log.Newest(10);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].object, "a");
  EXPECT_EQ(entries[0].count, 2U);
  EXPECT_EQ(entries[0].client_info, "three");
  EXPECT_EQ(entries[0].time_ms, 3000);
  EXPECT_EQ(log.count(AclDenial::kKey), 3U);
}

TEST(AclLog, AMinuteLaterItIsAnotherIncident) {
  AclLog log;
  log.Add(Incident("a"), "", 0);
  log.Add(Incident("a"), "", 60'001);
  EXPECT_EQ(log.Newest(10).size(), 2U);
}

TEST(AclLog, OnlyTheTenNewestAreLookedAt) {
  AclLog log;
  log.Add(Incident("a"), "", 0);
  for (int i = 0; i < 10; ++i) log.Add(Incident("b" + std::to_string(i)), "", 1);
  log.Add(Incident("a"), "", 2);
  EXPECT_EQ(log.Newest(100).size(), 12U);
}

TEST(AclLog, TheOldestGoWhenItIsFull) {
  AclLog log;
  log.SetLengthMax(2);
  for (const char* object : {"a", "b", "c"}) log.Add(Incident(object), "", 0);
  ASSERT_EQ(log.Newest(10).size(), 2U);
  EXPECT_EQ(log.Newest(10)[1].object, "b");
  log.SetLengthMax(0);
  log.Add(Incident("d"), "", 0);
  EXPECT_TRUE(log.Newest(10).empty());
  EXPECT_EQ(log.count(AclDenial::kKey), 4U) << "they are counted all the same";
}

}  // namespace
}  // namespace ringtail::server
