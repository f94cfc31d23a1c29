//! Columns of imported rows that belong to another deployment, replaced by this deployment's
//! values.

use entity::{prelude::*, tables::Description};
use platform::{
    clock::Clock,
    secrets::{KeyRing, Loss, SealedColumn},
    storage::Fault,
};
use sea_orm::Value;

use super::{people::People, refusal::LineRefusal};

/// Signing secret of a webhook endpoint, as the room of webhooks stores it. Only its context is
/// used here.
const SECRET: SealedColumn = SealedColumn {
    table: "webhook_endpoint",
    column: "secret_sealed",
    keys: &["tenant_id", "id"],
    blind: None,
    loss: Loss::Null(""),
};
const SECRET_BYTES: usize = 32;

/// Result of an import, and what its operator has to do next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportResult {
    /// Tables that have rows, and how many.
    pub tables: Vec<(&'static str, u64)>,
    /// People who have an account in this deployment.
    pub matched: u64,
    /// Addresses of accounts that were created without a password.
    pub newcomers: Vec<String>,
    /// Names of integrations that are disabled now.
    pub integrations: Vec<String>,
    /// API keys that are revoked now.
    pub keys: u64,
    /// URLs of webhook endpoints that were disabled. Each has a new secret that no client knows.
    pub endpoints: Vec<String>,
}

pub(super) struct Adapter<'a> {
    pub tenant: TenantId,
    /// The slug in the manifest.
    pub manifest_slug: &'a str,
    /// The slug that the tenant gets.
    pub slug: &'a str,
    pub ring: &'a KeyRing,
    pub clock: &'a Clock,
    pub now: Timestamp,
    pub imported: ImportResult,
}

/// The values of a row, by the names of their columns.
struct Columns<'a> {
    table: &'static Description,
    row: &'a mut [Value],
}

impl Columns<'_> {
    fn column_index(&self, name: &str) -> Option<usize> {
        self.table.columns.iter().position(|column| column.0 == name)
    }
    fn get(&self, name: &str) -> Option<&Value> {
        self.column_index(name).map(|index| &self.row[index])
    }
    fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::String(Some(text))) => Some(text),
            _ => None,
        }
    }
    fn has_time(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::BigInt(Some(_))))
    }
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(index) = self.column_index(name) {
            self.row[index] = value.into();
        }
    }
}

impl Adapter<'_> {
    /// Adapts a row to this deployment. The inner refusal is the line's.
    pub fn adapt(
        &mut self,
        table: &'static Description,
        row: &mut [Value],
        people: &People,
    ) -> Result<Result<(), LineRefusal>, Fault> {
        let mut columns = Columns { table, row };
        let owner = if table.name == "tenant" { "id" } else { "tenant_id" };
        if columns.get(owner) != Some(&Value::from(self.tenant)) {
            return Ok(Err(LineRefusal::ForeignRow));
        }
        match table.name {
            "tenant" => {
                if columns.text("slug") != Some(self.manifest_slug) {
                    return Ok(Err(LineRefusal::OtherTenant));
                }
                columns.set("slug", self.slug);
                // A sandbox stays one, but its live tenant is in the other deployment.
                columns.set("sandbox_of", Value::Uuid(None));
                columns.set("sandbox_slot", Value::Int(None));
            }
            // Cursors of the other deployment are none of this one's.
            "tenant_counter" => columns.set("epoch", self.clock.uuid()),
            "member" => {
                let exported_id = match columns.get("user_id") {
                    Some(Value::Uuid(Some(id))) => Some(*id),
                    _ => None,
                };
                let Some(local_id) = exported_id.and_then(|exported_id| people.account(exported_id)) else {
                    return Ok(Err(LineRefusal::UnknownAccount));
                };
                columns.set("user_id", local_id);
            }
            "integration" => {
                let disabled_name = self.set_end(&mut columns, "disabled_at").then(|| columns.text("name").map(str::to_owned));
                self.imported.integrations.extend(disabled_name.flatten());
            }
            "api_key" => self.imported.keys += u64::from(self.set_end(&mut columns, "revoked_at")),
            "webhook_endpoint" => self.endpoint(&mut columns)?,
            // As in a copy, a job that a worker held is queued again.
            "job" => {
                columns.set("owner", Value::Uuid(None));
                if columns.text("state") == Some("RUNNING") {
                    columns.set("state", "WAITING");
                }
            }
            "file" => {
                let tenant_prefix = format!("{}/", self.tenant);
                let is_own = |blob: &str| blob.starts_with(&tenant_prefix) && blob.split('/').all(|part| part != "..");
                if columns.text("blob").is_some_and(|blob| !is_own(blob)) {
                    return Ok(Err(LineRefusal::ForeignBytes));
                }
            }
            _ => {}
        }
        Ok(Ok(()))
    }

    /// Sets a time of an end to now if it is not set; returns whether it was unset.
    fn set_end(&self, columns: &mut Columns<'_>, name: &str) -> bool {
        let is_active = !columns.has_time(name);
        if is_active {
            columns.set(name, self.now.micros());
        }
        is_active
    }

    /// Gives an endpoint a random secret, which no client knows, and disables it until its secret
    /// has been replaced.
    fn endpoint(&mut self, columns: &mut Columns<'_>) -> Result<(), Fault> {
        let Some(Value::Uuid(Some(id))) = columns.get("id") else { return Ok(()) };
        let context = SECRET.context(&[self.tenant.uuid(), *id]);
        let mut secret = [0; SECRET_BYTES];
        self.clock.fill(&mut secret);
        columns.set("secret_sealed", self.ring.seal(&context, &secret)?);
        columns.set("old_secret_sealed", Value::Bytes(None));
        columns.set("old_secret_until", Value::BigInt(None));
        if self.set_end(columns, "disabled_at") {
            columns.set("disabled_why", "SWITCHED_OFF");
            self.imported.endpoints.extend(columns.text("url").map(str::to_owned));
        }
        Ok(())
    }
}
