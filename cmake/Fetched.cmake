# How each library is fetched and built where the system has none (-DSINKSCOPE_FETCH=ON): pinned by the SHA-256 of its source archive.
# The archives are upstream's own as Debian keeps them (its `+ds` ones lack files that no build needs); SINKSCOPE_SOURCES names a folder
# or an address that has them all, for a machine that is offline.
include(FetchContent)
include(ExternalProject)
set(SINKSCOPE_SOURCES "" CACHE STRING "Folder or address of the source archives of SINKSCOPE_FETCH")
set(SINKSCOPE_DEBIAN https://deb.debian.org)

# sinkscope_archive(VARIABLE PLACE FILE [MORE URLS...]): where to get an archive from, in that order
function(sinkscope_archive variable place file)
  if(SINKSCOPE_SOURCES)
    set(${variable} ${SINKSCOPE_SOURCES}/${file} PARENT_SCOPE)
  else()
    set(${variable} ${ARGN} ${SINKSCOPE_DEBIAN}/${place}/${file} PARENT_SCOPE)
  endif()
endfunction()

# sinkscope_subproject(NAME SHA256 URLS...): a library that CMake builds, as a part of this build, quietly and without its tests
macro(sinkscope_subproject name sha256)
  FetchContent_Declare(${name} SYSTEM URL ${ARGN} URL_HASH SHA256=${sha256} DOWNLOAD_EXTRACT_TIMESTAMP OFF)
  FetchContent_MakeAvailable(${name})
endmacro()

set(BUILD_SHARED_LIBS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_POLICY_VERSION_MINIMUM 3.5)  # some of these were written for an older CMake
set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # the settings below are theirs

function(sinkscope_fetch_nlohmann_json)
  sinkscope_archive(urls debian/pool/main/n/nlohmann-json3 nlohmann-json3_3.11.2.orig.tar.gz https://github.com/nlohmann/json/archive/refs/tags/v3.11.2.tar.gz)
  sinkscope_subproject(nlohmann_json d69f9deb6a75e2580465c6c4c5111b89c4dc2fa94e3a85fcd2ffcd9a143d9273 ${urls})
endfunction()

function(sinkscope_fetch_CLI11)
  sinkscope_archive(urls debian/pool/main/c/cli11 cli11_2.1.2+ds.orig.tar.xz)
  set(CLI11_SINGLE_FILE OFF)
  set(CLI11_BUILD_EXAMPLES OFF)
  sinkscope_subproject(CLI11 8143d20b688e98ccce8e24562d3b68e5f47c12e896c42c7ca8553dbde5bed55d ${urls})
endfunction()

function(sinkscope_fetch_fmt)
  sinkscope_archive(urls debian/pool/main/f/fmtlib fmtlib_9.1.0+ds1.orig.tar.gz)
  sinkscope_subproject(fmt 84ce1c2d0be3a9863935137969dcec6970125caac032f82474640bfc81463583 ${urls})
  set(FMT_INCLUDE ${fmt_SOURCE_DIR}/include CACHE PATH "" FORCE)
endfunction()

function(sinkscope_fetch_spdlog)
  sinkscope_archive(urls debian/pool/main/s/spdlog spdlog_1.10.0+ds.orig.tar.xz)
  set(SPDLOG_FMT_EXTERNAL ON)
  sinkscope_subproject(spdlog 620ca6842b5c21014470bd42eb4716024674214fb973b5ffa3aaea33310ad327 ${urls})
endfunction()

function(sinkscope_fetch_Oniguruma)
  sinkscope_archive(urls debian/pool/main/libo/libonig libonig_6.9.8.orig.tar.gz)
  sinkscope_subproject(oniguruma 26372720bab6733c869a9eb69377f73971138dc5e3eff4a81f5ba8aea5435fb2 ${urls})
  add_library(Oniguruma::onig ALIAS onig)
endfunction()

function(sinkscope_fetch_SentencePiece)
  sinkscope_archive(urls debian/pool/main/s/sentencepiece sentencepiece_0.1.97.orig.tar.gz https://github.com/google/sentencepiece/archive/refs/tags/v0.1.97.tar.gz)
  set(SPM_ENABLE_SHARED OFF)
  set(SPM_ENABLE_TCMALLOC OFF)
  sinkscope_subproject(sentencepiece 56430381f45dc6debfd2e0cbde4f039f9499c49ca825af184b0cbf318c17a18f ${urls})
  add_library(sinkscope_sentencepiece INTERFACE)
  target_link_libraries(sinkscope_sentencepiece INTERFACE sentencepiece-static)
  target_include_directories(sinkscope_sentencepiece SYSTEM INTERFACE ${sentencepiece_SOURCE_DIR}/src)
  add_library(SentencePiece::sentencepiece ALIAS sinkscope_sentencepiece)
endfunction()

# sinkscope_installed(TARGET PROJECT FILE...): what another build system installs, as an imported target that waits for it
function(sinkscope_installed target project prefix first)
  file(MAKE_DIRECTORY ${prefix}/include)
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${prefix}/lib/${first} INTERFACE_INCLUDE_DIRECTORIES ${prefix}/include)
  target_link_libraries(${target} INTERFACE ${ARGN})
  add_dependencies(${target} ${project})
endfunction()

function(sinkscope_fetch_ICU)
  sinkscope_archive(urls debian/pool/main/i/icu icu_72.1.orig.tar.gz https://github.com/unicode-org/icu/releases/download/release-72-1/icu4c-72_1-src.tgz)
  set(prefix ${PROJECT_BINARY_DIR}/fetched/icu)
  ExternalProject_Add(fetched_icu URL ${urls} URL_HASH SHA256=a2d2d38217092a7ed56635e34467f92f976b370e20182ad325edea6681a71d68
    DOWNLOAD_EXTRACT_TIMESTAMP OFF INSTALL_DIR ${prefix}
    CONFIGURE_COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER} CXX=${CMAKE_CXX_COMPILER} CXXFLAGS=-O2\ -fPIC CFLAGS=-O2\ -fPIC
      <SOURCE_DIR>/source/configure --prefix=<INSTALL_DIR> --libdir=<INSTALL_DIR>/lib --enable-static --disable-shared
      --disable-tests --disable-samples --disable-extras --disable-icuio --disable-layoutex --with-data-packaging=static
    BUILD_COMMAND make -j2 INSTALL_COMMAND make install LOG_CONFIGURE ON LOG_BUILD ON LOG_INSTALL ON LOG_OUTPUT_ON_FAILURE ON
    BUILD_BYPRODUCTS ${prefix}/lib/libicuuc.a ${prefix}/lib/libicudata.a)
  sinkscope_installed(ICU::uc fetched_icu ${prefix} libicuuc.a ${prefix}/lib/libicudata.a ${CMAKE_DL_LIBS} pthread)
endfunction()

function(sinkscope_fetch_OpenSSL)
  sinkscope_archive(urls debian-security/pool/updates/main/o/openssl openssl_3.0.22.orig.tar.gz https://www.openssl.org/source/openssl-3.0.22.tar.gz
                    https://github.com/openssl/openssl/releases/download/openssl-3.0.22/openssl-3.0.22.tar.gz)
  set(prefix ${PROJECT_BINARY_DIR}/fetched/openssl)
  ExternalProject_Add(fetched_openssl URL ${urls} URL_HASH SHA256=67ebca7e50d17383028045486653492195b83db95f8558709701bb47b5c1ef81
    DOWNLOAD_EXTRACT_TIMESTAMP OFF INSTALL_DIR ${prefix} BUILD_IN_SOURCE ON
    CONFIGURE_COMMAND <SOURCE_DIR>/Configure --prefix=<INSTALL_DIR> --libdir=lib no-shared no-tests no-module no-engine no-legacy -fPIC
    BUILD_COMMAND make -j2 build_libs INSTALL_COMMAND make install_dev
    LOG_CONFIGURE ON LOG_BUILD ON LOG_INSTALL ON LOG_OUTPUT_ON_FAILURE ON BUILD_BYPRODUCTS ${prefix}/lib/libcrypto.a)
  sinkscope_installed(OpenSSL::Crypto fetched_openssl ${prefix} libcrypto.a ${CMAKE_DL_LIBS} pthread)
endfunction()
