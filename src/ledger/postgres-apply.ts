/** Holds every item or none; each choice in turn. What it answers is read in `postgres-wire.ts`. */
const RESERVE = `
FUNCTION tg_reserve(op jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  h tg_holds%ROWTYPE; item record; s record; n int := 0; is_held boolean; used bigint; too_large boolean;
  spent bigint[]; holding bigint[]; caps bigint[]; presumed bigint[]; overrun bigint[]; above bigint[]; other bigint[];
  accounts text[]; asked bigint[]; admits text[]; denied int[]; items jsonb; states jsonb;
BEGIN
  IF EXISTS (SELECT 1 FROM jsonb_array_elements(op->'n') c, jsonb_array_elements(c.value) x
      WHERE NOT tg_is_amount(x.value))
    OR EXISTS (SELECT 1 FROM jsonb_array_elements(op->'items') i WHERE NOT tg_is_amount(i.value->'cap'))
  THEN RETURN '{"r":"invalid"}'; END IF;
  SELECT * INTO h FROM tg_holds WHERE id = op->>'id' FOR UPDATE;
  is_held := FOUND;
  IF is_held AND h.state = 'held' AND h.lease_ms <= p_now THEN
    PERFORM tg_resolve(h.items);
    PERFORM tg_charge(h.id, h.items, NULL, p_now);
    RETURN jsonb_build_object('r', 'finished', 'expired', h.id);
  END IF;
  IF is_held AND h.state <> 'held' THEN RETURN '{"r":"finished"}'; END IF;
  IF is_held THEN
    FOR choice IN 0 .. jsonb_array_length(op->'n') - 1 LOOP
      SELECT coalesce(jsonb_agg(jsonb_build_array(i.value->'a', op->'n'->choice->(i.ordinality::int - 1),
          op->'d'->choice->(i.ordinality::int - 1)) ORDER BY i.ordinality), '[]')
        INTO items FROM jsonb_array_elements(op->'items') WITH ORDINALITY i;
      SELECT coalesce(jsonb_agg(jsonb_build_array(i.value->'a', i.value->'n', i.value->'d') ORDER BY i.ordinality), '[]')
        INTO states FROM jsonb_array_elements(h.items) WITH ORDINALITY i;
      IF items = states THEN
        RETURN jsonb_build_object('r', 'granted', 'choice', choice, 's', tg_states(op->'items', p_now));
      END IF;
    END LOOP;
    RETURN '{"r":"mismatch"}';
  END IF;
  IF p_now > (op->>'late')::bigint THEN RETURN jsonb_build_object('r', 'too-late', 'now', p_now); END IF;
  FOR item IN SELECT * FROM jsonb_to_recordset(op->'items')
      AS i(a text, cap bigint, s bigint, e bigint, p text[]) LOOP
    IF p_now < item.s OR p_now >= item.e THEN RETURN jsonb_build_object('r', 'stale', 'now', p_now); END IF;
    SELECT * INTO s FROM tg_state(item.a, item.p, p_now);
    n := n + 1;
    accounts[n] := item.a; caps[n] := item.cap; spent[n] := s.spent; holding[n] := s.held; presumed[n] := s.presumed;
    overrun[n] := s.overrun; above[n] := s.above; other[n] := s.cap;
  END LOOP;
  FOR choice IN 0 .. jsonb_array_length(op->'n') - 1 LOOP
    asked := ARRAY(SELECT x.value::text::bigint FROM jsonb_array_elements(op->'n'->choice) x);
    admits := ARRAY(SELECT x.value FROM jsonb_array_elements_text(op->'d'->choice) x);
    denied := '{}';
    too_large := false;
    FOR i IN 1 .. n LOOP
      used := spent[i] + holding[i];
      IF (admits[i] = 'fit' AND used + asked[i] > caps[i]) OR (admits[i] = 'below-cap' AND used >= caps[i]) THEN
        denied := denied || (i - 1);
      END IF;
      too_large := too_large OR used + asked[i] > 9007199254740991;
    END LOOP;
    IF denied = '{}' AND too_large THEN RETURN '{"r":"invalid"}'; END IF;
    IF denied = '{}' THEN
      items := '[]';
      FOR i IN 1 .. n LOOP
        items := items || jsonb_build_array(jsonb_build_object('a', accounts[i], 'u', op->'items'->(i - 1)->'u',
          'w', op->'items'->(i - 1)->'w', 'c', op->'items'->(i - 1)->'c', 'n', asked[i], 'd', admits[i],
          'v', least(asked[i], greatest(0, spent[i] + holding[i] + asked[i] - caps[i])), 'k', asked[i], 'g', 0));
        holding[i] := holding[i] + asked[i];
      END LOOP;
      INSERT INTO tg_holds (id, state, lease_ms, items) VALUES (op->>'id', 'held', p_now + (op->>'lease')::bigint, items)
        ON CONFLICT DO NOTHING;
      IF NOT FOUND THEN RAISE EXCEPTION 'the id appeared meanwhile' USING ERRCODE = 'serialization_failure'; END IF;
      FOR i IN 1 .. n LOOP
        UPDATE tg_accounts t SET held = t.held + asked[i], cap = caps[i] WHERE t.account = accounts[i];
        INSERT INTO tg_windows (account, span, counts_until_ms)
          VALUES (accounts[i], items->(i - 1)->>'w', (items->(i - 1)->>'c')::bigint) ON CONFLICT DO NOTHING;
      END LOOP;
    END IF;
    IF denied = '{}' OR choice = jsonb_array_length(op->'n') - 1 THEN
      states := '[]';
      FOR i IN 1 .. n LOOP
        states := states || jsonb_build_array(
          jsonb_build_array(spent[i], holding[i], presumed[i], overrun[i], above[i], other[i]));
      END LOOP;
      IF denied = '{}' THEN RETURN jsonb_build_object('r', 'granted', 'choice', choice, 's', states); END IF;
      RETURN jsonb_build_object('r', 'exceeded', 'denied', to_jsonb(denied), 's', states);
    END IF;
  END LOOP;
END $f$`;

/**
 * Forgets finished holds and windows that nothing counts any more, a bounded number of them. An account goes with its
 * last window.
 */
const PRUNE = `
FUNCTION tg_prune(p_now bigint, p_limit int) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  gone text[];
BEGIN
  DELETE FROM tg_holds WHERE id IN (SELECT h.id FROM tg_holds h WHERE h.state <> 'held' AND h.final_ms < p_now - 3600000
    ORDER BY h.final_ms LIMIT p_limit FOR UPDATE SKIP LOCKED);
  DELETE FROM tg_marks WHERE (account, span, mark) IN (SELECT m.account, m.span, m.mark FROM tg_marks m
    WHERE m.counts_until_ms < p_now - 86400000 ORDER BY m.counts_until_ms LIMIT p_limit FOR UPDATE SKIP LOCKED);
  WITH over AS (DELETE FROM tg_windows WHERE (account, span) IN (SELECT w.account, w.span FROM tg_windows w
    WHERE w.counts_until_ms < p_now - 86400000 ORDER BY w.counts_until_ms LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING account) SELECT array_agg(DISTINCT account) INTO gone FROM over;
  IF gone IS NOT NULL THEN
    gone := ARRAY(SELECT a.account FROM tg_accounts a WHERE a.account = ANY (gone) AND a.held = 0
      ORDER BY a.account FOR UPDATE SKIP LOCKED);
    DELETE FROM tg_accounts a WHERE a.account = ANY (gone) AND a.held = 0
      AND NOT EXISTS (SELECT 1 FROM tg_windows w WHERE w.account = a.account);
  END IF;
  RETURN '{"r":"ok"}';
END $f$`;

/** Locks the accounts of a batch, sorted; opens those that are missing, and returns them. */
const LOCK = `
FUNCTION tg_lock(p_wanted text[], p_opened text[]) RETURNS text[] LANGUAGE plpgsql AS $f$
DECLARE
  fresh text[] := '{}'; more text[]; locked int; missing int;
BEGIN
  FOR try IN 1 .. 5 LOOP
    WITH opened AS (INSERT INTO tg_accounts (account) SELECT x FROM unnest(p_opened) x ORDER BY x
      ON CONFLICT DO NOTHING RETURNING account) SELECT array_agg(account) INTO more FROM opened;
    fresh := fresh || coalesce(more, '{}');
    PERFORM 1 FROM tg_accounts a WHERE a.account = ANY (p_wanted) ORDER BY a.account FOR UPDATE;
    SELECT count(*) INTO missing FROM unnest(p_opened) x
      WHERE NOT EXISTS (SELECT 1 FROM tg_accounts a WHERE a.account = x);
    IF missing = 0 THEN RETURN fresh; END IF;
  END LOOP;
  RAISE EXCEPTION 'accounts kept vanishing' USING ERRCODE = 'serialization_failure';
END $f$`;

/** Takes a batch of operations, and returns their answers in the same order. */
const APPLY = `
FUNCTION tg_apply(p_batch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $f$
DECLARE
  shift bigint := (p_batch->>'shift')::bigint; reap int := (p_batch->>'reap')::int; now_ms bigint;
  ids text[]; wanted text[]; opened text[]; fresh text[]; expired text[] := '{}'; h tg_holds%ROWTYPE;
  op record; answer jsonb; answers jsonb[] := '{}';
BEGIN
  ids := ARRAY(SELECT DISTINCT o.value->>'id' FROM jsonb_array_elements(p_batch->'ops') o WHERE o.value ? 'id');
  PERFORM 1 FROM tg_holds WHERE id = ANY (ids) ORDER BY id FOR UPDATE;
  IF reap > 0 THEN
    expired := ARRAY(SELECT x.id FROM tg_holds x WHERE x.state = 'held' AND x.lease_ms <= tg_now() + shift
      AND NOT x.id = ANY (ids) ORDER BY x.lease_ms LIMIT reap FOR UPDATE SKIP LOCKED);
  END IF;
  opened := ARRAY(SELECT DISTINCT i.value->>'a' FROM jsonb_array_elements(p_batch->'ops') o,
    jsonb_array_elements(o.value->'items') i WHERE o.value->>'t' IN ('reserve', 'adjust', 'mark'));
  wanted := opened || ARRAY(SELECT DISTINCT i.value->>'a' FROM tg_holds x, jsonb_array_elements(x.items) i
    WHERE x.id = ANY (ids || expired));
  fresh := tg_lock(wanted, opened);
  FOR h IN SELECT * FROM tg_holds WHERE id = ANY (expired) ORDER BY lease_ms LOOP
    PERFORM tg_resolve(h.items);
    PERFORM tg_charge(h.id, h.items, NULL, tg_now() + shift);
  END LOOP;
  FOR op IN SELECT o.value, o.value->>'t' AS kind FROM jsonb_array_elements(p_batch->'ops') WITH ORDINALITY o
      ORDER BY o.ordinality LOOP
    now_ms := tg_now() + shift;
    answer := CASE op.kind
      WHEN 'reserve' THEN tg_reserve(op.value, now_ms)
      WHEN 'settle' THEN tg_settle(op.value, now_ms)
      WHEN 'release' THEN tg_release(op.value, now_ms)
      WHEN 'balances' THEN tg_balances(op.value, now_ms)
      WHEN 'adjust' THEN tg_adjust(op.value, now_ms)
      WHEN 'mark' THEN tg_mark(op.value, now_ms)
      WHEN 'prune' THEN tg_prune(now_ms, (op.value->>'limit')::int)
      ELSE '{"r":"ok"}' END;
    answers := answers || answer;
  END LOOP;
  IF fresh <> '{}' THEN
    DELETE FROM tg_accounts a WHERE a.account = ANY (fresh) AND a.held = 0
      AND NOT EXISTS (SELECT 1 FROM tg_windows w WHERE w.account = a.account);
  END IF;
  RETURN jsonb_build_object('now', tg_now() + shift, 'expired', to_jsonb(expired), 'answers', to_jsonb(answers));
END $f$`;

const NOW = `
FUNCTION tg_now() RETURNS bigint LANGUAGE sql VOLATILE AS $f$
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$f$`;

/** The functions that join the smaller ones. */
export const APPLY_FUNCTIONS: readonly string[] = Object.freeze([NOW, RESERVE, PRUNE, LOCK, APPLY]);
