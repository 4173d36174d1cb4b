#!/bin/sh
# Vutler's users on a new PostgreSQL server: run once by the superuser, with the password in POSTGRES_PASSWORD.
#
# `vutler` owns the database, migrates it and makes Prefect's. The API and the workers log in as `vutler_app` and
# `vutler_engine`, which can become no other role. Nobody logs in as the superuser over the network afterwards.
set -eu

psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE vutler LOGIN CREATEDB PASSWORD :'password';
CREATE ROLE vutler_owner;
CREATE ROLE vutler_app LOGIN PASSWORD :'password';
CREATE ROLE vutler_engine LOGIN PASSWORD :'password';
GRANT vutler_owner, vutler_app, vutler_engine TO vutler;
CREATE DATABASE vutler OWNER vutler;
GRANT CREATE ON DATABASE vutler TO vutler_owner;
ALTER ROLE postgres PASSWORD NULL;
SQL
