#include "server/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <sstream>
#include <string>

namespace ringtail::server {
namespace {

bool HasLine(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

TEST(PrometheusWriter, WritesHelpAndTypeBeforeTheSamples) {
  std::string page;
  PrometheusWriter out(page);
  out.Begin("a_total", "Some \\ and\nmore", MetricType::kCounter);
  out.Sample(3);
  EXPECT_EQ(page, "# HELP a_total Some \\\\ and\\nmore\n# TYPE a_total counter\na_total 3\n");
}

TEST(PrometheusWriter, EscapesLabels) {
  std::string page;
  PrometheusWriter out(page);
  out.Begin("a", "b", MetricType::kGauge);
  out.Sample(1, {{"x", "q\"b\\n\n"}, {"y", ""}});
  EXPECT_TRUE(HasLine(page, R"(a{x="q\"b\\n\n",y=""} 1)")) << page;
}

TEST(PrometheusWriter, WritesNumbersSoThatTheyComeBackTheSame) {
  const double values[] = {0, -1, 9007199254740992.0, 1e300, 0.1, 1.0 / 3, -2.5};
  for (const double value : values) {
    std::string page;
    PrometheusWriter out(page);
    out.Begin("a", "b", MetricType::kGauge);
    out.Sample(value);
    EXPECT_EQ(std::stod(page.substr(page.rfind(' '))), value) << page;
  }
}

TEST(PrometheusWriter, WritesByteCountsWithoutAnExponent) {
  std::string page;
  PrometheusWriter out(page);
  out.Begin("a", "b", MetricType::kGauge);
  out.Sample(1099511627776.0);
  out.Sample(std::numeric_limits<double>::infinity(), {{"x", "y"}});
  EXPECT_TRUE(HasLine(page, "a 1099511627776"));
  EXPECT_TRUE(HasLine(page, "a{x=\"y\"} +Inf"));
}

TEST(PrometheusWriter, AccumulatesTheBucketsOfAHistogram) {
  std::string page;
  PrometheusWriter out(page);
  const double bounds[] = {0.001, 0.5, 10};
  const uint64_t counts[] = {1, 2, 3, 4};
  out.Begin("h", "b", MetricType::kHistogram);
  out.Histogram(bounds, counts, 12.5, {{"cmd", "get"}});
  EXPECT_TRUE(
      page.ends_with("h_bucket{cmd=\"get\",le=\"0.001\"} 1\n"
                     "h_bucket{cmd=\"get\",le=\"0.5\"} 3\n"
                     "h_bucket{cmd=\"get\",le=\"10\"} 6\n"
                     "h_bucket{cmd=\"get\",le=\"+Inf\"} 10\n"
                     "h_sum{cmd=\"get\"} 12.5\n"
                     "h_count{cmd=\"get\"} 10\n"))
      << page;
}

MetricsInput SmallServer() {
  MetricsInput input;
  input.redis_version = "7.2.0";
  input.ringtail_version = "0.1.0";
  input.maxmemory_policy = "allkeys-lru";
  input.tcp_port = 6379;
  input.memory_used_bytes = 1'234'567'890'123;
  input.keyspace_hits = 10;
  input.cpu_user_seconds = 1.25;
  input.databases = {{.index = 0, .keys = 7, .keys_expiring = 2, .ttl_average_seconds = 1.5}};
  input.commands = {{.name = "get",
                     .calls = 4,
                     .duration_us = 2'500'000,
                     .p50_us = 1,
                     .p99_us = 2,
                     .p999_us = 3.5},
                    {.name = "config|set", .calls = 1}};
  input.errors = {{.prefix = "WRONGTYPE", .count = 9}};
  input.workers = {{.connections = 1, .commands = 2}, {.connections = 3, .commands = 4}};
  return input;
}

TEST(RenderMetrics, ShowsWhatDashboardsOfRedisExporterAskFor) {
  const std::string page = RenderMetrics(SmallServer());
  for (const char* line :
       {"redis_up 1", "redis_memory_used_bytes 1234567890123", "redis_keyspace_hits_total 10",
        "redis_cpu_user_seconds_total 1.25", "redis_db_keys{db=\"db0\"} 7",
        "redis_db_keys_expiring{db=\"db0\"} 2", "redis_db_avg_ttl_seconds{db=\"db0\"} 1.5",
        "redis_commands_total{cmd=\"get\"} 4",
        "redis_commands_duration_seconds_total{cmd=\"get\"} 2.5",
        "redis_commands_total{cmd=\"config|set\"} 1",
        "redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"} 3.5",
        "redis_errors_total{err=\"WRONGTYPE\"} 9",
        "ringtail_worker_commands_total{worker=\"1\"} 4"}) {
    EXPECT_TRUE(HasLine(page, line)) << line;
  }
  EXPECT_NE(page.find("redis_instance_info{role=\"master\",redis_version=\"7.2.0\""),
            std::string::npos);
}

TEST(RenderMetrics, EveryLineIsOfTheFormatAndEveryNameIsDeclaredOnce) {
  const std::string label = "[a-z_]+=\"[^\"]*\"";
  const std::string sample = "[a-z_]+([{]" + label + "(," + label + ")*[}])? [-+0-9.eInfNa]+";
  std::set<std::string> declared;
  std::istringstream lines(RenderMetrics(SmallServer()));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) {
      EXPECT_THAT(line, ::testing::MatchesRegex("# (HELP|TYPE) [a-z_]+ .+"));
      if (line.starts_with("# TYPE ")) {
        EXPECT_TRUE(declared.insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
      }
      continue;
    }
    EXPECT_THAT(line, ::testing::MatchesRegex(sample));
    std::string name = line.substr(0, line.find_first_of("{ "));
    for (const std::string suffix : {"_sum", "_count"}) {
      if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    }
    EXPECT_TRUE(declared.contains(name)) << line;
  }
}

TEST(RenderMetrics, CountersEndInTotal) {
  for (const MetricDefinition& one : MetricDefinitions()) {
    EXPECT_EQ(one.type == MetricType::kCounter, one.name.ends_with("_total")) << one.name;
  }
}

}  // namespace
}  // namespace ringtail::server
