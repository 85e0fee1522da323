-- Definitions of before statuses had sides: the statuses that a front was drawn around are one side, all others
-- the other, and the land is the other's. That draws the front where it ran; another definition says more.

UPDATE theatre SET definition = jsonb_set(definition, '{layers}', (
    SELECT jsonb_agg(
        CASE
            WHEN layer -> 'derived' ? 'held' THEN jsonb_set(
                layer,
                '{derived}',
                (layer -> 'derived') - '{held,land,outline,margin_m}'::text[]
                || jsonb_build_object(
                    'side', 'held',
                    'land', jsonb_build_object('other', layer -> 'derived' -> 'land'),
                    'outlines', CASE
                        WHEN coalesce(layer -> 'derived' ->> 'outline', '') = '' THEN '{}'::jsonb
                        ELSE jsonb_build_object('other', layer -> 'derived' -> 'outline')
                    END
                )
            )
            WHEN line.held IS NOT NULL THEN jsonb_set(layer, '{categories}', (
                SELECT jsonb_agg(
                    category || jsonb_build_object(
                        'side', CASE WHEN line.held ? (category ->> 'code') THEN 'held' ELSE 'other' END
                    )
                    ORDER BY place
                )
                FROM jsonb_array_elements(layer -> 'categories') WITH ORDINALITY AS own (category, place)
            ))
            ELSE layer
        END
        ORDER BY number
    )
    FROM jsonb_array_elements(definition -> 'layers') WITH ORDINALITY AS every (layer, number)
    LEFT JOIN LATERAL (
        SELECT other -> 'derived' -> 'held' AS held
        FROM jsonb_array_elements(definition -> 'layers') AS others (other)
        WHERE other -> 'derived' ? 'held' AND other -> 'derived' ->> 'layer' = layer ->> 'name'
        LIMIT 1
    ) AS line ON true
))
WHERE jsonb_path_exists(definition, '$.layers[*].derived.held');
