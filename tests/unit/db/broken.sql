-- name: fits
SELECT id FROM node;

-- name: does_not_compile
SELECT colour FROM no_such_table;
