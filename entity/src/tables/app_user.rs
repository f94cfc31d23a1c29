//! A person who can log in; member of one or more tenants.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "app_user")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    pub email: String,
    pub email_key: String,
    pub password_hash: String,
    pub display_name: String,
    pub created_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    pub locale: Option<String>,
    pub time_zone: Option<String>,
    pub password_class: Option<i64>,
}
