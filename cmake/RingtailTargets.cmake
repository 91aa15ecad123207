# What nearly every source includes, compiled once per target where builds are to be fast and a forgotten include
# shows elsewhere (RINGTAIL_PCH): ringtail_precompile(<target> <header of ours>...).
set(RINGTAIL_COMMON_HEADERS <algorithm> <array> <atomic> <functional> <map> <memory> <mutex> <optional> <span> <string>
  <string_view> <unordered_map> <utility> <vector>)
function(ringtail_precompile target)
  # Not with g++ 12: with precompiled headers it warns of overlaps and bounds in std::string that are none.
  if(RINGTAIL_PCH AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/" REGEX "^[a-z]")
    target_precompile_headers(${target} PRIVATE ${RINGTAIL_COMMON_HEADERS} ${ARGN})
  endif()
endfunction()

# ringtail_library(<folder> DEPENDS ... PRECOMPILE ...): every *.cc below <folder> (but main.cc) as one static library.
# A folder with no sources yet becomes an interface library, so its arrow stands from the first day.
add_library(ringtail_libs INTERFACE)
target_include_directories(ringtail_libs INTERFACE "${PROJECT_SOURCE_DIR}")
target_link_libraries(ringtail_libs INTERFACE pthread)
target_compile_options(ringtail_libs INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wimplicit-fallthrough -Werror -fno-omit-frame-pointer)
if(RINGTAIL_SANITIZE)
  target_compile_options(ringtail_libs INTERFACE -fsanitize=${RINGTAIL_SANITIZE} -fno-sanitize-recover=all -g)
  target_link_options(ringtail_libs INTERFACE -fsanitize=${RINGTAIL_SANITIZE})
  # The sanitizers bring their own allocator; byte accounting then uses malloc_usable_size.
  target_compile_definitions(ringtail_libs INTERFACE RINGTAIL_SYSTEM_MALLOC=1)
else()
  target_link_libraries(ringtail_libs INTERFACE jemalloc)
endif()
if(RINGTAIL_FUZZ)
  target_compile_options(ringtail_libs INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(ringtail_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRECOMPILE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.cc")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ringtail_libs ${ARG_DEPENDS})
    ringtail_precompile(${name} ${ARG_PRECOMPILE})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ringtail_libs ${ARG_DEPENDS})
  endif()
endfunction()
