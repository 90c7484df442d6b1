"""Compare the table of customers with the event log."""

# The latest event that says a value decides; an outside change says all of them.
CUSTOMERS = """
WITH said AS (
    SELECT stream_id, version, type, CASE type
               WHEN 'customers.customer_changed_outside' THEN data->'after' ELSE data
           END AS data,
           CASE type
               WHEN 'customers.customer_registered' THEN true
               WHEN 'customers.customer_deactivated' THEN false
               WHEN 'customers.customer_changed_outside'
                   THEN (data->'after'->>'is_active')::boolean
           END AS is_active
    FROM cqrs_event WHERE stream_type = 'customer'
),
logged AS (
    SELECT stream_id,
           max(version) AS version,
           (array_agg(data->>'name' ORDER BY version DESC)
               FILTER (WHERE data ? 'name'))[1] AS name,
           (array_agg(data->>'email' ORDER BY version DESC)
               FILTER (WHERE data ? 'email'))[1] AS email,
           (array_agg(is_active ORDER BY version DESC)
               FILTER (WHERE is_active IS NOT NULL))[1] AS is_active
    FROM said GROUP BY stream_id
    HAVING (array_agg(data ORDER BY version DESC))[1] <> 'null'  -- else it was deleted
)
SELECT 'customer', coalesce(stored.id, logged.stream_id)::text,
       CASE WHEN stored.id IS NOT NULL THEN
           jsonb_build_array(stored.version, stored.name, stored.email, stored.is_active)::text END,
       CASE WHEN logged.stream_id IS NOT NULL THEN
           jsonb_build_array(logged.version, logged.name, logged.email, logged.is_active)::text END
FROM customers_customer AS stored FULL JOIN logged ON logged.stream_id = stored.id
WHERE (stored.version, stored.name, stored.email, stored.is_active)
      IS DISTINCT FROM (logged.version, logged.name, logged.email, logged.is_active)
"""
