#!/bin/sh
# Run once by the PostgreSQL image, on an empty database: the roles that the API uses, with the passwords of the
# secrets. The owner is no superuser: migrations run as they would on a managed server.
set -eu
password() { sed -n "s/^$1=//p" /run/secrets/role_passwords; }
psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<SQL
CREATE ROLE attendance_owner LOGIN CREATEROLE PASSWORD '$(password attendance_owner)';
CREATE DATABASE attendance OWNER attendance_owner;
REVOKE ALL ON DATABASE attendance FROM PUBLIC;
SET ROLE attendance_owner;
CREATE ROLE attendance_app LOGIN PASSWORD '$(password attendance_app)';
GRANT CONNECT ON DATABASE attendance TO attendance_app;
SQL
