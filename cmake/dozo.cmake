# Flags and helpers that every folder's CMakeLists.txt uses.
include(CheckCCompilerFlag)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

option(DOZO_TESTS "build the tests; the library then has fault injection and the test clock" OFF)
option(DOZO_FUZZ "build the fuzz targets with libFuzzer (clang only)" OFF)
set(DOZO_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize= takes them")
set(DOZO_PLANT "" CACHE STRING "a planted fault of LOG.md, for the model's own proof")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_definitions(_GNU_SOURCE SQLITE_ENABLE_SESSION SQLITE_ENABLE_PREUPDATE_HOOK)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wcast-qual -Wformat=2 -Wvla -Wundef -Werror
  -fno-strict-aliasing -fstack-protector-strong)
include_directories(${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)

if(DOZO_TESTS)
  add_compile_definitions(DOZO_TEST_BUILD=1)
endif()
if(DOZO_PLANT)
  add_compile_definitions(DOZO_PLANT_${DOZO_PLANT}=1)
endif()
if(DOZO_SANITIZE)
  add_compile_options(-fsanitize=${DOZO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DOZO_SANITIZE})
endif()
if(DOZO_FUZZ)
  # Everything, not only the targets: else libFuzzer sees no branch of what it tests.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-O2 -g -D_FORTIFY_SOURCE=2 -fstack-clash-protection -fcf-protection)
  check_c_compiler_flag(-ftrivial-auto-var-init=zero DOZO_AUTO_INIT)
  if(DOZO_AUTO_INIT)
    add_compile_options(-ftrivial-auto-var-init=zero)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

# dozo_module(NAME SOURCES ... MODULES ... PKGS ...): the static library of one
# folder; MODULES are folders below it, PKGS are pkg-config names.
function(dozo_module name)
  cmake_parse_arguments(A "" "" "SOURCES;MODULES;PKGS;LIBS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC ${A_MODULES} ${A_LIBS} Threads::Threads)
  foreach(pkg ${A_PKGS})
    pkg_check_modules(PKG_${pkg} REQUIRED IMPORTED_TARGET ${pkg})
    target_link_libraries(${name} PUBLIC PkgConfig::PKG_${pkg})
  endforeach()
endfunction()

# dozo_test(NAME SOURCES ... MODULES ...): one cmocka program, one CTest entry.
function(dozo_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;MODULES" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  target_link_libraries(${name} PRIVATE testlib ${A_MODULES} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT}
    ENVIRONMENT "ASAN_OPTIONS=handle_segv=2:detect_stack_use_after_return=1;UBSAN_OPTIONS=print_stacktrace=1")
endfunction()

# dozo_fuzz(NAME SOURCE ... MODULES ...): a fuzz target, which is also a plain
# test over tests/fuzz/corpus/NAME.
function(dozo_fuzz name)
  cmake_parse_arguments(A "" "" "SOURCES;MODULES" ${ARGN})
  if(DOZO_FUZZ)
    add_executable(fuzz_${name} ${A_SOURCES})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(fuzz_${name} ${A_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  endif()
  target_link_libraries(fuzz_${name} PRIVATE ${A_MODULES})
endfunction()
