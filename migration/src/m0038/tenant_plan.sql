CREATE TABLE tenant_plan (
    tenant_id {UUID} PRIMARY KEY REFERENCES tenant,
    member {TEXT},
    integration {TEXT},
    tenant {TEXT},
    updated_at {INT} NOT NULL
) {IN_PLACE}
