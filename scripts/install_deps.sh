#!/bin/bash
# Installs the Debian packages that are missing, and nothing when none is.
#   scripts/install_deps.sh build|test|bench|lint ...
# Needs Debian 12 and root, or sudo, only when something has to be installed.
set -euo pipefail

# The lists are read by name, below.
build=(g++ cmake ninja-build ccache libuv1-dev libxxhash-dev libjemalloc-dev libgflags-dev
       libgoogle-glog-dev libcpp-httplib-dev libssl-dev liblua5.1-0-dev)
test=(libgtest-dev libgmock-dev python3 python3-pytest python3-pytest-xdist
      python3-redis redis-server redis-tools)
check=(clang libclang-rt-14-dev)
bench=(libbenchmark-dev memcached redis-server redis-tools python3 python3-matplotlib)
lint=(clang-format clang-tidy)

wanted=()
for group in "$@"; do
  declare -n packages="$group"
  wanted+=("${packages[@]}")
  # Node.js may have come from elsewhere than Debian, which then has no place for its packages.
  if [ "$group" = test ] && ! command -v npm >/dev/null; then wanted+=(nodejs npm); fi
done

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Missing: ${missing[*]}. Install them as root." >&2; exit 1; }
  as_root=(sudo)
fi

echo "Installing: ${missing[*]}"
# redis-server and memcached are wanted as programs to compare with. Debian would start them as services,
# on the very port that `make run` takes; exit code 101 of this file tells it not to.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
