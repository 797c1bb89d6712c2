/**
 * What runs inside the store. The texts are the same for everybody, apart from the name of the schema that
 * `postgres-schema.ts` puts around them.
 *
 * Locks are taken in one order by everybody, so that batches wait for each other but never in a circle: first the holds
 * that the batch names, sorted; then holds whose lease is over, skipping what others have; then the accounts, sorted.
 */

/** The largest amount; the same as `MAX_AMOUNT`. */
const MAX = '9007199254740991';

/** Settings of every function: names are looked up in the ledger's own schema, and rows are found by their index. */
export const FUNCTION_SETTINGS = 'SET enable_seqscan = off SET plan_cache_mode = force_generic_plan';

const STATE = `
FUNCTION tg_state(p_account text, p_spans text[], p_now bigint,
  OUT spent bigint, OUT held bigint, OUT presumed bigint, OUT overrun bigint, OUT above bigint, OUT cap bigint)
LANGUAGE plpgsql AS $f$
BEGIN
  SELECT a.held, a.cap INTO held, cap FROM tg_accounts a WHERE a.account = p_account;
  held := coalesce(held, 0);
  IF p_spans IS NULL THEN
    SELECT coalesce(sum(w.spent), 0), coalesce(sum(w.presumed), 0), coalesce(sum(w.overrun), 0), coalesce(sum(w.above), 0)
      INTO spent, presumed, overrun, above
      FROM tg_windows w WHERE w.account = p_account AND w.counts_until_ms > p_now;
  ELSE
    SELECT coalesce(sum(w.spent), 0), coalesce(sum(w.presumed), 0), coalesce(sum(w.overrun), 0), coalesce(sum(w.above), 0)
      INTO spent, presumed, overrun, above
      FROM tg_windows w WHERE w.account = p_account AND w.span = ANY (p_spans);
  END IF;
END $f$`;

/** The states of the items of a request, in their order; by what still counts where the span is not in force. */
const STATES = `
FUNCTION tg_states(p_items jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  item record; s record; states jsonb := '[]';
BEGIN
  FOR item IN SELECT * FROM jsonb_to_recordset(p_items) AS i(a text, s bigint, e bigint, p text[]) LOOP
    SELECT * INTO s FROM tg_state(item.a, CASE WHEN p_now >= item.s AND p_now < item.e THEN item.p END, p_now);
    states := states || jsonb_build_array(jsonb_build_array(s.spent, s.held, s.presumed, s.overrun, s.above, s.cap));
  END LOOP;
  RETURN states;
END $f$`;

const IS_STALE = `
FUNCTION tg_is_stale(p_items jsonb, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $f$
BEGIN
  RETURN EXISTS (SELECT 1 FROM jsonb_to_recordset(p_items) AS i(s bigint, e bigint) WHERE p_now < i.s OR p_now >= i.e);
END $f$`;

const IS_AMOUNT = `
FUNCTION tg_is_amount(p_value jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $f$
BEGIN
  IF p_value IS NULL OR jsonb_typeof(p_value) <> 'number' THEN RETURN false; END IF;
  RETURN p_value::numeric BETWEEN 0 AND ${MAX} AND p_value::numeric = trunc(p_value::numeric);
END $f$`;

const IS_ACTUAL = `
FUNCTION tg_is_actual(p_actual jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $f$
BEGIN
  RETURN p_actual IS NOT NULL AND tg_is_amount(p_actual->'usd') AND tg_is_amount(p_actual->'tokens')
    AND tg_is_amount(p_actual->'calls');
END $f$`;

/** Whether every account of a hold could count an amount exactly. */
const IS_CHARGEABLE = `
FUNCTION tg_is_chargeable(p_items jsonb, p_actual jsonb, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $f$
DECLARE
  item record; s record;
BEGIN
  IF NOT tg_is_actual(p_actual) THEN RETURN false; END IF;
  FOR item IN SELECT * FROM jsonb_to_recordset(p_items) AS i(a text, u text, g bigint) LOOP
    SELECT * INTO s FROM tg_state(item.a, NULL, p_now);
    IF s.spent - item.g + s.held + (p_actual->>item.u)::bigint > ${MAX} THEN RETURN false; END IF;
  END LOOP;
  RETURN true;
END $f$`;

/** Gives back what a hold holds. */
const RESOLVE = `
FUNCTION tg_resolve(p_items jsonb) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT * FROM jsonb_to_recordset(p_items) AS i(a text, n bigint) LOOP
    UPDATE tg_accounts SET held = held - item.n WHERE account = item.a;
  END LOOP;
END $f$`;

/** Charges a hold: \`p_actual\`, or without one what was held, as presumed. Returns what it did not cover, by unit. */
const CHARGE = `
FUNCTION tg_charge(p_id text, p_items jsonb, p_actual jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  item record; s record; charge bigint; uncovered bigint; is_known boolean := p_actual IS NOT NULL;
  kept jsonb := '[]'; over jsonb := '{}';
BEGIN
  FOR item IN SELECT i.*, e.value AS raw FROM jsonb_array_elements(p_items) e,
      jsonb_to_record(e.value) AS i(a text, u text, w text, c bigint, n bigint, v bigint, k bigint, g bigint) LOOP
    IF is_known THEN
      charge := (p_actual->>item.u)::bigint;
    ELSE
      SELECT * INTO s FROM tg_state(item.a, NULL, p_now);
      charge := greatest(0, least(item.n, ${MAX} - s.spent - s.held));
    END IF;
    uncovered := greatest(0, charge - item.k);
    INSERT INTO tg_windows (account, span, counts_until_ms) VALUES (item.a, item.w, item.c) ON CONFLICT DO NOTHING;
    UPDATE tg_windows SET
      spent = greatest(0, spent + charge - item.g),
      presumed = greatest(0, presumed + CASE WHEN is_known THEN 0 ELSE charge END - item.g),
      overrun = greatest(0, overrun + uncovered - greatest(0, item.g - item.k)),
      above = greatest(0, above + greatest(0, item.v - greatest(0, item.k - charge))
        - greatest(0, item.v - greatest(0, item.k - item.g)))
      WHERE account = item.a AND span = item.w;
    over := over || jsonb_build_object(item.u, greatest(uncovered, coalesce((over->>item.u)::bigint, 0)));
    kept := kept || jsonb_build_array(item.raw || jsonb_build_object('g', charge));
  END LOOP;
  UPDATE tg_holds SET state = CASE WHEN is_known THEN 'settled' ELSE 'presumed' END, final_ms = p_now,
    items = CASE WHEN is_known THEN '[]' ELSE kept END, actual = p_actual WHERE id = p_id;
  RETURN over;
END $f$`;

const SETTLE = `
FUNCTION tg_settle(op jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  h tg_holds%ROWTYPE; actual jsonb := op->'actual'; outcome text; over jsonb;
BEGIN
  IF NOT tg_is_actual(actual) THEN actual := NULL; END IF;
  SELECT * INTO h FROM tg_holds WHERE id = op->>'id' FOR UPDATE;
  IF NOT FOUND OR h.state = 'void' THEN RETURN jsonb_build_object('r', 'unknown'); END IF;
  IF h.state = 'settled' THEN
    RETURN jsonb_build_object('r', CASE WHEN actual IS NULL OR actual = h.actual THEN 'duplicate' ELSE 'mismatch' END);
  END IF;
  IF h.state = 'held' THEN PERFORM tg_resolve(h.items); END IF;
  IF NOT tg_is_chargeable(h.items, actual, p_now) THEN actual := NULL; END IF;
  IF h.state = 'presumed' AND actual IS NULL THEN RETURN jsonb_build_object('r', 'duplicate'); END IF;
  outcome := CASE h.state WHEN 'presumed' THEN 'late' WHEN 'released' THEN 'after-release'
    ELSE CASE WHEN actual IS NULL THEN 'presumed' ELSE 'settled' END END;
  over := tg_charge(h.id, h.items, actual, p_now);
  RETURN jsonb_build_object('r', outcome, 'o', over, 's', tg_states(op->'items', p_now));
END $f$`;

const RELEASE = `
FUNCTION tg_release(op jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  h tg_holds%ROWTYPE;
BEGIN
  SELECT * INTO h FROM tg_holds WHERE id = op->>'id' FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO tg_holds (id, state, lease_ms, final_ms, items) VALUES (op->>'id', 'void', 0, p_now, '[]')
      ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RAISE EXCEPTION 'the id appeared meanwhile' USING ERRCODE = 'serialization_failure'; END IF;
  ELSIF h.state = 'held' THEN
    PERFORM tg_resolve(h.items);
    UPDATE tg_holds SET state = 'released', final_ms = p_now,
      items = (SELECT coalesce(jsonb_agg(e.value || '{"v":0,"k":0}' ORDER BY e.ordinality), '[]')
        FROM jsonb_array_elements(h.items) WITH ORDINALITY e) WHERE id = h.id;
  END IF;
  RETURN '{"r":"released"}';
END $f$`;

const ADJUST = `
FUNCTION tg_adjust(op jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  item record; s record; change bigint := (op->>'change')::bigint;
BEGIN
  IF tg_is_stale(op->'items', p_now) THEN RETURN jsonb_build_object('r', 'stale', 'now', p_now); END IF;
  SELECT * INTO item FROM jsonb_to_recordset(op->'items') AS i(a text, u text, k text, w text, p text[], c bigint);
  SELECT * INTO s FROM tg_state(item.a, item.p, p_now);
  INSERT INTO tg_windows (account, span, counts_until_ms) VALUES (item.a, item.w, item.c) ON CONFLICT DO NOTHING;
  UPDATE tg_windows SET spent = greatest(0, spent + least(change, ${MAX} - s.spent - s.held))
    WHERE account = item.a AND span = item.w;
  INSERT INTO tg_adjustments (time_ms, key, unit, change, reason)
    VALUES (p_now, item.k, item.u, change, op->>'reason');
  RETURN jsonb_build_object('r', 'ok', 's', tg_states(op->'items', p_now));
END $f$`;

const MARK = `
FUNCTION tg_mark(op jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  item record; is_first boolean;
BEGIN
  IF tg_is_stale(op->'items', p_now) THEN RETURN jsonb_build_object('r', 'stale', 'now', p_now); END IF;
  SELECT * INTO item FROM jsonb_to_recordset(op->'items') AS i(a text, w text, c bigint);
  INSERT INTO tg_windows (account, span, counts_until_ms) VALUES (item.a, item.w, item.c) ON CONFLICT DO NOTHING;
  INSERT INTO tg_marks (account, span, mark, counts_until_ms) VALUES (item.a, item.w, op->>'mark', item.c)
    ON CONFLICT DO NOTHING;
  is_first := FOUND;
  RETURN jsonb_build_object('r', 'ok', 'first', is_first);
END $f$`;

const BALANCES = `
FUNCTION tg_balances(op jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
BEGIN
  IF tg_is_stale(op->'items', p_now) THEN RETURN jsonb_build_object('r', 'stale', 'now', p_now); END IF;
  RETURN jsonb_build_object('r', 'ok', 's', tg_states(op->'items', p_now));
END $f$`;

/** The smaller functions, in the order they need each other. */
export const FUNCTIONS: readonly string[] = Object.freeze([
  ...[STATE, STATES, IS_STALE, IS_AMOUNT, IS_ACTUAL, IS_CHARGEABLE, RESOLVE, CHARGE],
  ...[SETTLE, RELEASE, ADJUST, MARK, BALANCES],
]);
