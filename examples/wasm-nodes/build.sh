#!/bin/sh
# Builds both modules: ./build.sh [FOLDER], by default beside their sources.
#
# gain.wasm     assemblyscript, from npm
# limiter.wasm  Debian: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32
set -eu
folder=$(CDPATH= cd -- "${1:-$(dirname -- "$0")}" && pwd)
cd -- "$(dirname -- "$0")"

npx asc assembly/gain.ts --outFile "$folder/gain.wasm" --runtime stub -O3 --noAssert

if command -v clang > /dev/null && [ -f "$(clang --target=wasm32-wasi -print-file-name=libc.a)" ]; then
  clang --target=wasm32-wasi -mexec-model=reactor -Oz limiter.c -o "$folder/limiter.wasm" -lm -Wl,--strip-all
  chmod -x "$folder/limiter.wasm"
else
  echo "clang or wasi-libc is not installed, so limiter.wasm is not built" >&2
fi
