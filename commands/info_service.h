// What the server tells about itself.
//
// Thread rule: any worker within a batch, but with no key locks held.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ringtail::commands {

class InfoService {
 public:
  /// A figure of MEMORY STATS: a whole number, or a ratio.
  struct Figure {
    std::string name;
    double value;
    bool is_ratio = false;
  };

  virtual ~InfoService() = default;
  /// INFO's text with these sections (lower case), in INFO's order.
  virtual std::string Render(const std::set<std::string>& sections) = 0;
  virtual std::vector<Figure> MemoryFigures() = 0;
  /// Advice on memory, in sentences.
  virtual std::string MemoryAdvice() = 0;
  virtual std::string AllocatorReport() = 0;
};

}  // namespace ringtail::commands
