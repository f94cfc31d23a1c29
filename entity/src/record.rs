//! Structs that name their columns: one for each table (`tables`), and projections and joins beside
//! the statements that need them.
//!
//! `derive(Record)` makes all of this from the fields, in their order, so that a position is
//! written nowhere else:
//!
//! * A struct with `#[sea_orm(table_name = "…")]` is a whole table.
//! * `#[record(of = product)]` is a projection: each field is compiled against the field of that name
//!   in `product::Model`, and has its type. With `alias = "p"` the select list is the constant
//!   `SELECT` (with `alias = ""` the columns alone); else `select(alias)` makes it.
//!   `#[record(column = "id")]` on a field names a column that is called otherwise;
//!   `#[record(key)]` marks the columns that find the row of an update where they are not the
//!   primary key.
//! * `#[record(outer)]` on a field marks a column of an outer join: the field is an
//!   `Option` of the column's type. `#[record(not_null)]` declares that the statement finds only rows
//!   where a nullable column has a value: the field has the type without `Option`.
//! * A struct without either is a join. Its fields are records of one table, with
//!   `#[record(alias = "l")]`; single columns, with `#[record(of = store, alias = "s")]`, and `outer` where
//!   the table is joined with LEFT JOIN and the field an `Option`; expressions,
//!   with `#[record(sql = "…")]`, whose type is not checked; and, without an attribute, joins and
//!   projections that have their aliases already.

use sea_orm::{DbErr, QueryResult, TryGetable, Value, sea_query::Nullable};
use uuid::Uuid;

pub use macros::Record;

use crate::prelude::*;

/// Type of a column, as both databases keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Id,
    IdOrNull,
    Int,
    IntOrNull,
    Small,
    SmallOrNull,
    Text,
    /// In bulk writes an empty text means NULL.
    TextOrNull,
    Bytes,
    /// In bulk writes an empty byte string means NULL.
    BytesOrNull,
    Bool,
    BoolOrNull,
}

/// Name and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column(pub &'static str, pub ColumnKind);

/// Reason for which a row is not the record that its statement reads.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A value that breaks a rule which writers keep: the table and the rule.
    #[error("corrupt row in {table}: {rule}")]
    Corrupt { table: &'static str, rule: String },
}

/// A row, read from left to right.
pub struct Cells<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Cells<'a> {
    pub fn new(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }
    /// The next column as a `T`.
    pub fn take<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let index = self.next;
        self.next += 1;
        self.row.try_get_by_index(index)
    }
}

/// A type that a column without nulls can have.
pub trait Scalar: Sized {
    type Raw: TryGetable + Into<Value> + Nullable;
    const KIND: ColumnKind;
    const KIND_OR_NULL: ColumnKind;
    /// The error is the rule that the value breaks.
    fn from_raw(raw: Self::Raw) -> Result<Self, String>;
    fn into_raw(self) -> Self::Raw;
}

/// A type that a column can have: a `Scalar`, or an `Option` of one where the column may be null.
pub trait Cell: Sized {
    /// The type of the column where its table is joined with LEFT JOIN.
    type OrNull: Cell;
    const KIND: ColumnKind;
    fn or_null(self) -> Self::OrNull;
    fn decode(cells: &mut Cells<'_>, table: &'static str) -> Result<Self, RecordError>;
    fn encode(self) -> Value;
}

impl<T: Scalar> Cell for T {
    type OrNull = Option<T>;
    const KIND: ColumnKind = T::KIND;
    fn or_null(self) -> Option<T> {
        Some(self)
    }
    fn decode(cells: &mut Cells<'_>, table: &'static str) -> Result<Self, RecordError> {
        T::from_raw(cells.take()?).map_err(|rule| RecordError::Corrupt { table, rule })
    }
    fn encode(self) -> Value {
        self.into_raw().into()
    }
}

impl<T: Scalar> Cell for Option<T> {
    type OrNull = Self;
    const KIND: ColumnKind = T::KIND_OR_NULL;
    fn or_null(self) -> Self {
        self
    }
    fn decode(cells: &mut Cells<'_>, table: &'static str) -> Result<Self, RecordError> {
        let raw: Option<T::Raw> = cells.take()?;
        raw.map(T::from_raw).transpose().map_err(|rule| RecordError::Corrupt { table, rule })
    }
    fn encode(self) -> Value {
        self.map(T::into_raw).map_or_else(<T::Raw as Nullable>::null, Into::into)
    }
}

/// Values of expressions only: no column holds one.
impl Cell for f64 {
    type OrNull = Self;
    const KIND: ColumnKind = panic!("no column holds a floating-point number");
    fn or_null(self) -> Self {
        self
    }
    fn decode(cells: &mut Cells<'_>, _: &'static str) -> Result<Self, RecordError> {
        Ok(cells.take()?)
    }
    fn encode(self) -> Value {
        self.into()
    }
}

macro_rules! scalars {
    ($(($($generic:ident)?) $type:ty = $raw:ty, $kind:ident, $or_null:ident, $from:expr, $into:expr;)*) => {$(
        impl $(<$generic>)? Scalar for $type {
            type Raw = $raw;
            const KIND: ColumnKind = ColumnKind::$kind;
            const KIND_OR_NULL: ColumnKind = ColumnKind::$or_null;
            fn from_raw(raw: $raw) -> Result<Self, String> {
                Ok($from(raw))
            }
            fn into_raw(self) -> $raw {
                $into(self)
            }
        }
    )*};
}
scalars! {
    () Uuid = Uuid, Id, IdOrNull, std::convert::identity, std::convert::identity;
    (K) Id<K> = Uuid, Id, IdOrNull, Id::from_uuid, Id::uuid;
    () i64 = i64, Int, IntOrNull, std::convert::identity, std::convert::identity;
    () Timestamp = i64, Int, IntOrNull, Timestamp, Timestamp::micros;
    () Quantity = Quantity, Int, IntOrNull, std::convert::identity, std::convert::identity;
    () i32 = i32, Small, SmallOrNull, std::convert::identity, std::convert::identity;
    () Day = i32, Small, SmallOrNull, Day, |day: Day| day.0;
    () String = String, Text, TextOrNull, std::convert::identity, std::convert::identity;
    () Vec<u8> = Vec<u8>, Bytes, BytesOrNull, std::convert::identity, std::convert::identity;
    () bool = bool, Bool, BoolOrNull, std::convert::identity, std::convert::identity;
}

/// Lets columns hold enums by their text: each has `parse` and `as_str`. A text that is no value of the enum is a corrupt row.
#[macro_export]
macro_rules! text_scalars {
    ($($name:ty),* $(,)?) => {$(
        impl $crate::record::Scalar for $name {
            type Raw = ::std::string::String;
            const KIND: $crate::record::ColumnKind = $crate::record::ColumnKind::Text;
            const KIND_OR_NULL: $crate::record::ColumnKind = $crate::record::ColumnKind::TextOrNull;
            fn from_raw(raw: ::std::string::String) -> ::std::result::Result<Self, ::std::string::String> {
                Self::parse(&raw).ok_or_else(|| ::std::format!("unknown word {raw}"))
            }
            fn into_raw(self) -> ::std::string::String {
                self.as_str().to_owned()
            }
        }
    )*};
}

/// A struct that a row can be read as.
pub trait Record: Sized {
    /// Reads the next columns: as many as the struct has, in the order of its select list.
    fn read(cells: &mut Cells<'_>) -> Result<Self, RecordError>;
}

/// A record whose aliases are known: its select list is a constant.
pub trait Selected: Record {
    /// `l.product_id, l.store_id, p.sku`.
    const SELECT: &'static str;
}

/// A record of one table: some of its columns, or all.
pub trait TableRecord: Record {
    const TABLE: &'static str;
    const COLUMNS: &'static [Column];
    /// `COLUMNS` for writes: the tenant comes first, also if the struct has no field for it.
    const WITH_TENANT: &'static [Column];
    /// Whether the struct has a field for the tenant.
    const HAS_TENANT: bool;
    /// Number of the first columns of `WITH_TENANT` that find the row of an update: the table's
    /// primary key, or those with `#[record(key)]`. 0: it cannot be updated with this record.
    const KEYS: usize;
    /// Appends a value for each of `COLUMNS`.
    fn append_to(self, values: &mut Vec<Value>);

    /// Returns `KEYS` of a record that can update a row. For others it does not compile.
    fn update_keys() -> usize {
        const { assert!(Self::KEYS > 0 && Self::KEYS < Self::WITH_TENANT.len(), "the record has the key of the row first, and more") };
        Self::KEYS
    }

    /// The columns as a select list: `p.sku, p.name`.
    fn select(alias: &str) -> String {
        let mut list = String::with_capacity(Self::COLUMNS.len() * 16);
        let dot = dot(alias);
        for column in Self::COLUMNS {
            for part in [if list.is_empty() { "" } else { ", " }, alias, dot, column.0] {
                list.push_str(part);
            }
        }
        list
    }
}

/// A record of all columns of its table.
pub trait Table: TableRecord {
    /// The columns of the primary key.
    const KEY: &'static [&'static str];
}

/// Part of the select list of a join.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// Columns of the table with this alias; unqualified if the alias is empty.
    Columns(&'static str, &'static [Column]),
    Sql(&'static str),
}

/// The length of a select list in bytes.
pub const fn select_length(parts: &[Part]) -> usize {
    let (mut length, mut index) = (0, 0);
    while index < parts.len() {
        match parts[index] {
            Part::Columns(alias, columns) => {
                let mut column = 0;
                while column < columns.len() {
                    length += alias.len() + dot(alias).len() + columns[column].0.len() + 2;
                    column += 1;
                }
            }
            Part::Sql(sql) => length += sql.len() + 2,
        }
        index += 1;
    }
    // No comma before the first.
    length.saturating_sub(2)
}

/// A select list, whose length is `select_length`.
pub const fn select_text<const N: usize>(parts: &[Part]) -> [u8; N] {
    let (mut text, mut at, mut index) = ([0; N], 0, 0);
    while index < parts.len() {
        match parts[index] {
            Part::Columns(alias, columns) => {
                let mut column = 0;
                while column < columns.len() {
                    at = put(&mut text, at, if at == 0 { "" } else { ", " });
                    at = put(&mut text, at, alias);
                    at = put(&mut text, at, dot(alias));
                    at = put(&mut text, at, columns[column].0);
                    column += 1;
                }
            }
            Part::Sql(sql) => {
                at = put(&mut text, at, if at == 0 { "" } else { ", " });
                at = put(&mut text, at, sql);
            }
        }
        index += 1;
    }
    text
}

const fn dot(alias: &str) -> &'static str {
    if alias.is_empty() { "" } else { "." }
}

const fn put<const N: usize>(text: &mut [u8; N], at: usize, part: &str) -> usize {
    let (part, mut index) = (part.as_bytes(), 0);
    while index < part.len() {
        text[at + index] = part[index];
        index += 1;
    }
    at + part.len()
}

/// The bytes of `select_text` as a text.
pub const fn select_str(text: &[u8]) -> &str {
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(_) => panic!("names of columns are ASCII"),
    }
}

/// Returns the number of `columns` that are the primary key `key`: all of it, in its order, before
/// any other column; else 0.
pub const fn keys(columns: &[Column], key: &[&str]) -> usize {
    if columns.len() < key.len() {
        return 0;
    }
    let mut index = 0;
    while index < key.len() {
        if !is_same(columns[index].0, key[index]) {
            return 0;
        }
        index += 1;
    }
    key.len()
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}
