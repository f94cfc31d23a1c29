//! Accounts of a tenant's members: matched by their confirmed address, or created without a
//! password.

use std::collections::HashMap;

use entity::{
    prelude::{Timestamp, UserId},
    record::{Record, Selected},
    tables::app_user,
};
use platform::{
    clock::Clock,
    storage::{Reads, Row, Work},
};
use sea_orm::{QueryResult, Statement, Value};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    refusal::{FileLine, ImportError, LineRefusal, Refusal},
    values::id,
};
use crate::identity::{DUMMY_PASSWORD_HASH, check_email, email_key};

/// The name of the file of accounts. It is no table's name: other data of an account belongs to its
/// owner.
pub(super) const PEOPLE: &str = "user";

/// An account as an export has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    id: String,
    email: String,
    display_name: String,
    created_at: i64,
    locale: Option<String>,
    time_zone: Option<String>,
    /// Whether the user has an account; else they were only invited.
    joined: bool,
}

/// An account as this deployment has it.
#[derive(Record)]
#[record(of = app_user, alias = "")]
struct LocalAccount {
    id: UserId,
    password_hash: String,
    verified_at: Option<Timestamp>,
}

/// The accounts of this deployment that belong to those of the export.
#[derive(Default)]
pub(super) struct People {
    accounts: HashMap<Uuid, Uuid>,
    pub matched: u64,
    pub newcomers: Vec<String>,
}

impl People {
    /// The account of this deployment for an account of the export.
    pub fn account(&self, exported: Uuid) -> Option<Uuid> {
        self.accounts.get(&exported).copied()
    }

    /// Finds the account of a line in this deployment, or creates one.
    pub async fn match_or_create(&mut self, work: &Work, clock: &Clock, text: &str, at: FileLine) -> Result<(), ImportError> {
        let account: Account = serde_json::from_str(text).map_err(|err| at.into_error(LineRefusal::NoJson(err.to_string())))?;
        let exported = id(&account.id).ok_or_else(|| at.into_error(LineRefusal::Value("id")))?;
        if check_email(&account.email).is_some() {
            return Err(at.into_error(LineRefusal::Address(account.email)));
        }
        let key = email_key(&account.email);
        let sql = format!("SELECT {} FROM app_user WHERE email_key = $1", LocalAccount::SELECT);
        let local_id = match select(work, &sql, vec![key.as_str().into()]).await?.first() {
            None => self.create_account(work, clock, &account, exported).await?,
            Some(row) => {
                let local_account: LocalAccount = Row::new(row).record()?;
                let local_id = local_account.id.uuid();
                if local_account.password_hash.is_empty() {
                    self.claim(work, &account, local_id).await?;
                } else if local_account.verified_at.is_none() {
                    // A user who registered an unconfirmed address may not be its owner, and must
                    // not get the owner's rights.
                    return Err(Refusal::Unconfirmed(account.email).into());
                } else {
                    self.matched += 1;
                }
                local_id
            }
        };
        self.accounts.insert(exported, local_id);
        Ok(())
    }

    /// Creates an account, with the same ID if that is free. Its owner chooses a password by a link
    /// that is sent to the address.
    async fn create_account(
        &mut self,
        work: &Work,
        clock: &Clock,
        account: &Account,
        exported: Uuid,
    ) -> Result<Uuid, ImportError> {
        let conflicts = select(work, "SELECT 1 FROM app_user WHERE id = $1", vec![exported.into()]).await?;
        let local_id = if conflicts.is_empty() { exported } else { clock.uuid() };
        let row = app_user::Model {
            id: UserId::from_uuid(local_id),
            email: account.email.clone(),
            email_key: email_key(&account.email),
            password_hash: if account.joined { DUMMY_PASSWORD_HASH } else { "" }.to_owned(),
            display_name: account.display_name.clone(),
            created_at: Timestamp(account.created_at),
            verified_at: None,
            locale: account.locale.clone(),
            time_zone: account.time_zone.clone(),
            password_class: None,
        };
        work.insert_global::<app_user::Entity>(row).await?;
        self.note(account);
        Ok(local_id)
    }

    /// Handles a user row that another tenant's invitation has created here: if the user had an
    /// account in the other deployment, the row becomes an account.
    async fn claim(&mut self, work: &Work, account: &Account, local_id: Uuid) -> Result<(), ImportError> {
        if account.joined {
            let sql =
                "UPDATE app_user SET email = $2, password_hash = $3, display_name = $4 WHERE id = $1 AND password_hash = ''";
            let (email, name) = (account.email.as_str(), account.display_name.as_str());
            work.execute_global(sql, vec![local_id.into(), email.into(), DUMMY_PASSWORD_HASH.into(), name.into()]).await?;
        }
        self.note(account);
        Ok(())
    }

    /// A member that was only invited needs no password reset: the invitation leads to a password.
    fn note(&mut self, account: &Account) {
        if account.joined {
            self.newcomers.push(account.email.clone());
        }
    }
}

async fn select(work: &Work, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, ImportError> {
    Ok(work.query(Statement::from_sql_and_values(work.backend().into(), sql, values)).await?)
}
