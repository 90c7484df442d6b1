"""Compare the table of customers with the event log."""

# The latest event of a kind decides; a registration and an update both carry name and e-mail.
CUSTOMERS = """
WITH logged AS (
    SELECT stream_id,
           max(version) AS version,
           (array_agg(data->>'name' ORDER BY version DESC)
               FILTER (WHERE data ? 'name'))[1] AS name,
           (array_agg(data->>'email' ORDER BY version DESC)
               FILTER (WHERE data ? 'email'))[1] AS email,
           NOT bool_or(type = 'customers.customer_deactivated') AS is_active
    FROM cqrs_event WHERE stream_type = 'customer' GROUP BY stream_id
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
