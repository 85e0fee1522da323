-- For a few days of many events: by place and time together they are found a tenth as fast.

CREATE INDEX feature_version_end ON feature_version (layer, upper(valid));
