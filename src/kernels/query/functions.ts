/**
 * Built-in functions of PostgreSQL whose result depends on their arguments and the snapshot alone, so that one
 * execution can serve several callers. What is not listed here is treated as volatile: an unknown function may do anything.
 * Source: PostgreSQL documentation, chapter 9 (functions and operators) and 38.7 (volatility categories).
 */
export const SHAREABLE_FUNCTIONS: ReadonlySet<string> = new Set(
  `abs acos array_agg array_append array_cat array_length array_position array_remove array_to_string array_upper array_lower
ascii asin atan atan2 avg bit_and bit_length bit_or bool_and bool_or btrim cardinality cbrt ceil ceiling char_length character_length
chr coalesce concat concat_ws corr cos count covar_pop covar_samp cume_dist date_bin date_part date_trunc decode degrees dense_rank div
encode every exp extract first_value floor format generate_series greatest grouping initcap isfinite json_agg json_array_length
json_build_array json_build_object json_extract_path json_extract_path_text jsonb_agg jsonb_array_length jsonb_build_array
jsonb_build_object jsonb_extract_path jsonb_extract_path_text justify_days justify_hours justify_interval lag last_value lead least left
length ln log log10 lower lpad ltrim make_date make_interval make_time make_timestamp max md5 min mod mode nth_value ntile nullif
num_nonnulls num_nulls octet_length overlay percent_rank percentile_cont percentile_disc pi position power pow quote_ident
quote_literal radians rank regexp_count regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
regexp_substr repeat replace reverse right round row_number rpad rtrim sha256 sign sin split_part sqrt starts_with stddev stddev_pop
stddev_samp string_agg string_to_array strpos substr substring sum tan to_char to_date to_hex to_number to_timestamp
translate trim trunc unnest upper var_pop var_samp variance width_bucket like_escape similar_to_escape timezone overlaps xmlagg
int4 int8 float8 numeric text date bool varchar`.split(/\s+/),
);

/** Aggregates whose result does not depend on the order of the rows they see. */
export const ORDER_FREE_AGGREGATES: ReadonlySet<string> = new Set(
  'count min max bool_and bool_or every bit_and bit_or'.split(' '),
);

/** Built-ins that answer differently each time, or per session, and write nothing that a query reads from a table. */
export const VOLATILE_FUNCTIONS: ReadonlySet<string> = new Set(
  `now clock_timestamp statement_timestamp transaction_timestamp timeofday age random random_normal gen_random_uuid uuidv4 uuidv7
uuid_generate_v4 nextval currval lastval setval txid_current pg_current_xact_id pg_backend_pid version current_database current_schema
current_schemas current_setting inet_client_addr pg_sleep pg_is_in_recovery pg_stat_get_activity pg_size_pretty pg_total_relation_size`.split(
    /\s+/,
  ),
);

/** Those of them that change a sequence, which is read like a table. */
export const SEQUENCE_FUNCTIONS: ReadonlySet<string> = new Set(['nextval', 'setval']);
