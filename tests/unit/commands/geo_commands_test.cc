// Positions on the earth.
#include <string>

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

class GeoCommandsTest : public CommandFixture {
 protected:
  GeoCommandsTest() {
    Run({"GEOADD", "Sicily", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669",
         "Catania"});
  }
};

TEST_F(GeoCommandsTest, DistancesAndHashesAreRediss) {
  EXPECT_EQ(Run({"GEODIST", "Sicily", "Palermo", "Catania"}), "$11\r\n166274.1516\r\n");
  EXPECT_EQ(Run({"GEODIST", "Sicily", "Palermo", "Catania", "km"}), "$8\r\n166.2742\r\n");
  EXPECT_EQ(Run({"GEODIST", "Sicily", "Palermo", "Nowhere"}), "$-1\r\n");
  EXPECT_EQ(Run({"GEOHASH", "Sicily", "Palermo", "Nowhere"}),
            "*2\r\n$11\r\nsqc8b49rny0\r\n$-1\r\n");
}

TEST_F(GeoCommandsTest, SearchesFindWhatIsInside) {
  EXPECT_EQ(Run({"GEOSEARCH", "Sicily", "FROMLONLAT", "15", "37", "BYRADIUS", "100", "km"}),
            "*1\r\n$7\r\nCatania\r\n");
  EXPECT_EQ(Run({"GEOSEARCH", "Sicily", "FROMLONLAT", "15", "37", "BYBOX", "400", "400", "km",
                 "DESC", "WITHDIST"}),
            "*2\r\n*2\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n"
            "*2\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n");
  EXPECT_EQ(Run({"GEORADIUSBYMEMBER", "Sicily", "Palermo", "10", "km", "STORE", "near"}),
            ":1\r\n");
  EXPECT_EQ(Run({"ZCARD", "near"}), ":1\r\n");
}

TEST_F(GeoCommandsTest, APolygonHoldsWhatIsBetweenItsVertices) {
  EXPECT_EQ(Run({"GEOSEARCH", "Sicily", "BYPOLYGON", "3", "14", "37", "16", "37", "15", "39"}),
            "*1\r\n$7\r\nCatania\r\n");
  EXPECT_EQ(Run({"GEOSEARCH", "Sicily", "BYPOLYGON", "2", "14", "37", "16", "37"}),
            "-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices\r\n");
}

TEST_F(GeoCommandsTest, ASearchAcrossTheDateLineFindsBothSides) {
  Run({"GEOADD", "line", "179.9", "0", "west", "-179.9", "0", "east"});
  EXPECT_EQ(Run({"GEOSEARCH", "line", "FROMMEMBER", "west", "BYRADIUS", "30", "km", "ASC"}),
            "*2\r\n$4\r\nwest\r\n$4\r\neast\r\n");
}

TEST_F(GeoCommandsTest, WrongArgumentsAreRefused) {
  EXPECT_EQ(Run({"GEOADD", "k", "181", "0", "m"}),
            "-ERR invalid longitude,latitude pair 181.000000,0.000000\r\n");
  EXPECT_EQ(Run({"GEODIST", "Sicily", "a", "b", "yd"}),
            "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n");
  EXPECT_EQ(Run({"GEOSEARCH", "Sicily", "FROMLONLAT", "15", "37", "ASC", "DESC", "ASC"}),
            "-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH\r\n");
  EXPECT_EQ(Run({"GEORADIUS", "Sicily", "15", "37", "-1", "km"}),
            "-ERR radius cannot be negative\r\n");
}

}  // namespace
}  // namespace ringtail::commands
