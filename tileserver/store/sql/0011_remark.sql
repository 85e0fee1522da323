-- What the desk says in public of a revision, by language ('' for any), and when it last said so; '{}' for nothing.
-- Reasons of acceptances, rollbacks and withdrawals are the desk's own, and stay in summary and report.

ALTER TABLE revision
    ADD COLUMN remark jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN remarked timestamptz;
