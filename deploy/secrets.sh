#!/bin/sh
# Makes the secrets that docker-compose.yml hands to the containers, each of them once.
#   deploy/secrets.sh [FOLDER]
# Only the owner can enter the folder. The files in it can be read by all, because Compose mounts a
# file as it is, and the user of a container has another number than the owner.
set -eu

folder=${1:-.local/secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# store NAME TEXT: complete, or not at all. What is there stays.
store() {
    if [ ! -e "$folder/$1" ]; then
        printf '%s' "$2" >"$folder/.draft"
        chmod 444 "$folder/.draft"
        mv "$folder/.draft" "$folder/$1"
    fi
}

stored() { cat "$folder/$1"; }

store secret_key "$(random)"
store metrics_token "$(random)"
store grafana_password "$(random)"

store redis_password "$(random)"
store redis.conf "requirepass $(stored redis_password)"
store redis_url "redis://:$(stored redis_password)@redis:6379/0"

# The administrators, of `manage.py roles` alone.
for side in write read; do
    store "postgres_${side}_password" "$(random)"
done
write=postgres-write:5432 read=postgres-read:5432
store admin_database_url "postgresql://postgres:$(stored postgres_write_password)@$write/postgres"
store replica_admin_database_url "postgresql://postgres:$(stored postgres_read_password)@$read/postgres"

# A role for each use of the databases.
store migration_database_url "postgresql://desk_write_owner:$(random)@$write/desk_write"
store database_url "postgresql://desk_write:$(random)@$write/desk_write"
store cdc_database_url "postgresql://desk_capture:$(random)@$write/desk_write"
store replica_migration_database_url "postgresql://desk_read_owner:$(random)@$read/desk_read"
store replica_writer_database_url "postgresql://desk_projector:$(random)@$read/desk_read"
store replica_database_url "postgresql://desk_reader:$(random)@$read/desk_read"
