"""The text of the SQL, with the names of roles and databases left open."""

ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} LOGIN;
EXCEPTION WHEN duplicate_object THEN
    IF (SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
        FROM pg_roles WHERE rolname = {role_text}) THEN
        ALTER ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
END $$;
"""
REPLICATING_ROLE = """
ALTER ROLE {role} REPLICATION;
"""
READER_ROLE = """
ALTER ROLE {reader} SET default_transaction_read_only = on;
"""
MEMBERSHIP = """
-- The owner hands new read models over to the projector.
GRANT {projector} TO {owner};
"""
OTHER_DATABASES = """
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
"""
DATABASE = """
ALTER DATABASE {name} OWNER TO {owner};
REVOKE ALL ON DATABASE {name} FROM PUBLIC, {others};
GRANT CONNECT ON DATABASE {name} TO {others};
ALTER SCHEMA public OWNER TO {owner};
REVOKE ALL ON SCHEMA public FROM PUBLIC, {others};
GRANT USAGE ON SCHEMA public TO {others};
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea)
    FROM PUBLIC, {others};
-- Tables from before there were roles.
DO $$ DECLARE relation regclass; wanted regrole; BEGIN
    FOR relation, wanted IN SELECT oid, {wanted} FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    LOOP
        IF (SELECT relowner <> wanted FROM pg_class WHERE oid = relation) THEN
            EXECUTE format('ALTER TABLE %s OWNER TO %s', relation, wanted);
        END IF;
    END LOOP;
END $$;
"""
REBUILDS = """
-- A rebuild makes tables in schemas of its own, and moves them to the schema public.
GRANT CREATE ON DATABASE {name} TO {projector};
GRANT CREATE ON SCHEMA public TO {projector};
DO $$ DECLARE schema regnamespace; relation regclass; BEGIN
    FOR schema IN SELECT oid FROM pg_namespace WHERE nspname LIKE {copies} LOOP
        EXECUTE format('ALTER SCHEMA %s OWNER TO {projector}', schema);
        FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = schema AND relkind = 'r'
        LOOP EXECUTE format('ALTER TABLE %s OWNER TO {projector}', relation); END LOOP;
    END LOOP;
END $$;
"""
LATER_TABLES = """
ALTER DEFAULT PRIVILEGES FOR ROLE {projector} GRANT SELECT ON TABLES TO {reader};
"""
TABLES = """
DO $$ DECLARE relation regclass; name text; BEGIN
    FOR relation, name IN SELECT oid, relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        AND pg_has_role(relowner, 'USAGE')
    LOOP
        {each}
    END LOOP;
END $$;
"""
WRITER_RIGHTS = """EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, {writer}', relation);
        EXECUTE format('GRANT %s ON %s TO {writer}', CASE
            WHEN name IN ({append_only}) THEN 'SELECT, INSERT'
            WHEN name IN ({read_only}) THEN 'SELECT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE' END, relation);"""
CAPTURE_RIGHTS = """EXECUTE format('REVOKE ALL ON %s FROM {capture}', relation);
        """
READER_RIGHTS = """EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, {reader}', relation);
        EXECUTE format('GRANT SELECT ON %s TO {reader}', relation);
        """
READ_MODELS = """IF obj_description(relation, 'pg_class') LIKE {read_models} THEN
            IF NOT (SELECT relowner = {projector_text}::regrole FROM pg_class
                    WHERE oid = relation) THEN
                EXECUTE format('ALTER TABLE %s OWNER TO {projector}', relation);
            END IF;
            CONTINUE;
        END IF;
        """
