-- Names in the order of Vietnamese dictionaries, also where PostgreSQL was built without ICU, as the embedded one is:
-- letters first (a ă â b c d đ …, numbers by their value), then the tones (ngang, huyền, hỏi, ngã, sắc, nặng), then
-- the text itself; dashes and apostrophes before letters. `monitor/reports/ordering.py` has the same order.
CREATE FUNCTION in_order(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN (
    translate(
        normalize(
            regexp_replace(
                normalize(
                    regexp_replace(regexp_replace(lower(value), '(\d+)', '00000000\1', 'g'), '\d+(\d{9})', '\1', 'g'),
                    NFD
                ),
                '[\u0300\u0309\u0303\u0301\u0323]', '', 'g'
            ),
            NFC
        ),
        'aăâbcdđeêfghijklmnoôơpqrstuưvwxyz–’', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`a?@'
    )
    || E'\x01'
    || translate(normalize(lower(value), NFD), U&'\0300\0309\0303\0301\0323\0302\0306\031B', E'{|}~\x7f')
    || E'\x01' || value
) COLLATE "C";

-- Every list of halls is read in this order, many times a minute while a conference runs.
ALTER TABLE bridge_point ADD COLUMN name_order text COLLATE "C" GENERATED ALWAYS AS (in_order(name)) STORED;
