# dozo_sql(TARGET PREFIX FILE.sql ...): runs tools/sql2c at build time and adds
# PREFIX_sql.c to the target; the target and who links it include "PREFIX_sql.h".
function(dozo_sql target prefix)
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/sql)
  set(files ${ARGN})
  list(TRANSFORM files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_custom_command(
    OUTPUT ${dir}/${prefix}_sql.c ${dir}/${prefix}_sql.h
    COMMAND ${CMAKE_SOURCE_DIR}/tools/sql2c ${prefix} ${dir} ${files}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/sql2c ${files}
    COMMENT "sql2c ${prefix}" VERBATIM)
  target_sources(${target} PRIVATE ${dir}/${prefix}_sql.c ${dir}/${prefix}_sql.h)
  target_include_directories(${target} PUBLIC ${dir})
endfunction()
