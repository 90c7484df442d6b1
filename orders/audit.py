"""Compare the tables of orders and stock with the event log."""

ORDERS = """
WITH said AS (
    SELECT stream_id, version, type, CASE type
               WHEN 'orders.order_changed_outside' THEN data->'after'
               ELSE data || jsonb_build_object('status', CASE type
                   WHEN 'orders.order_created' THEN 'pending'
                   ELSE replace(type, 'orders.order_', '') END)
           END AS data
    FROM cqrs_event WHERE stream_type = 'order'
),
logged AS (
    -- The latest event decides; only some say the lines.
    SELECT stream_id,
           max(version)::int AS version,
           (array_agg(data->>'status' ORDER BY version DESC))[1] AS status,
           (array_agg((data->>'customer_id')::uuid ORDER BY version DESC))[1] AS customer_id,
           (array_agg((data->>'total_amount')::numeric ORDER BY version DESC))[1] AS total_amount,
           (array_agg(data->>'currency' ORDER BY version DESC))[1] AS currency,
           (array_agg(jsonb_array_length(data->'items') ORDER BY version DESC)
               FILTER (WHERE data ? 'items'))[1] AS line_count
    FROM said GROUP BY stream_id
    HAVING (array_agg(data ORDER BY version DESC))[1] <> 'null'  -- else it was deleted
),
lines AS (
    SELECT order_id, count(*)::int AS line_count, sum(line_total) AS line_sum
    FROM orders_orderline GROUP BY order_id
),
stored AS (
    SELECT id, version, status, customer_id, currency, line_count,
           -- a total that is not the sum of its lines matches no event
           CASE WHEN line_sum = total_amount THEN total_amount END AS total_amount
    FROM orders_order LEFT JOIN lines ON order_id = id
)
SELECT 'order', coalesce(stored.id, logged.stream_id)::text,
       CASE WHEN stored.id IS NOT NULL THEN jsonb_build_array(
           stored.version, stored.status, stored.customer_id, stored.total_amount,
           stored.currency, stored.line_count)::text END,
       CASE WHEN logged.stream_id IS NOT NULL THEN jsonb_build_array(
           logged.version, logged.status, logged.customer_id, logged.total_amount,
           logged.currency, logged.line_count)::text END
FROM stored FULL JOIN logged ON logged.stream_id = stored.id
WHERE (stored.version, stored.status, stored.customer_id, stored.total_amount, stored.currency,
       stored.line_count)
      IS DISTINCT FROM
      (logged.version, logged.status, logged.customer_id, logged.total_amount, logged.currency,
       logged.line_count)
"""

STOCK = """
WITH logged AS (
    SELECT DISTINCT ON (stream_id) stream_id, version,
           (data->>'on_hand')::int AS on_hand, (data->>'reserved')::int AS reserved,
           data->'after' IS NOT DISTINCT FROM 'null' AS is_deleted
    FROM cqrs_event WHERE stream_type = 'stock' ORDER BY stream_id, version DESC
)
SELECT 'stock item', coalesce(stored.id, logged.stream_id)::text,
       CASE WHEN stored.id IS NOT NULL THEN
           jsonb_build_array(stored.version, stored.on_hand, stored.reserved)::text END,
       CASE WHEN logged.stream_id IS NOT NULL THEN
           jsonb_build_array(logged.version, logged.on_hand, logged.reserved)::text END
FROM orders_stockitem AS stored
     FULL JOIN (SELECT * FROM logged WHERE NOT is_deleted) AS logged ON logged.stream_id = stored.id
WHERE (stored.version, stored.on_hand, stored.reserved)
      IS DISTINCT FROM (logged.version, logged.on_hand, logged.reserved)
"""
