//! Levels written straight to JSON.
//!
//! A page of products with the levels of twenty stores has a thousand levels and five thousand fields; resolving each as a future costs the
//! engine more than the database needs to find them. What is asked of a level is nearly always plain, so the selection is read once and the
//! rows are written out. Anything else, a field with arguments or a directive, falls back to ordinary resolvers. The type that clients see is
//! the ordinary one, and validation has passed before this is reached; rights hold because the list itself asks for the permit.

use std::{borrow::Cow, collections::HashMap, fmt::Write, sync::Arc};

use async_graphql::{
    ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
    registry::Registry,
};
use async_graphql_value::RAW_VALUE_TOKEN;
use entity::prelude::StoreId;

use super::StockLevel;
use crate::{
    catalog::{core::store::StoreRow, graph::Loads},
    clock,
    stock::rows::list::LevelRow,
};

/// A list of levels.
pub struct Levels(pub Vec<LevelRow>);

impl OutputType for Levels {
    fn type_name() -> Cow<'static, str> {
        <Vec<StockLevel> as OutputType>::type_name()
    }
    fn qualified_type_name() -> String {
        <Vec<StockLevel> as OutputType>::qualified_type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<StockLevel> as OutputType>::create_type_info(registry)
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match self.lean(ctx).await {
            Some(json) => Ok(raw(json)),
            None => self.0.iter().cloned().map(StockLevel).collect::<Vec<_>>().resolve(ctx, field).await,
        }
    }
}

/// A value that is JSON already: the engine's serialiser writes it as it is.
fn raw(json: String) -> Value {
    let token = Name::new(RAW_VALUE_TOKEN);
    Value::Object(IndexMap::from_iter([(token, Value::String(json))]))
}

impl Levels {
    async fn lean(&self, ctx: &ContextSelectionSet<'_>) -> Option<String> {
        let plan = plan(ctx, &ctx.item.node, "StockLevel", level_piece)?;
        let mut stores = HashMap::new();
        if plan.iter().any(|(_, piece)| matches!(piece, Piece::Store(_))) {
            let loads = ctx.data_opt::<Loads>()?;
            let rows = self.0.iter().map(|level| async { (level.key.store, loads.store(level.key.store).await) });
            for (id, row) in futures_util::future::join_all(rows).await {
                stores.insert(id, row.ok().flatten()?);
            }
        }
        let mut out = String::with_capacity(64 * self.0.len() + 2);
        out.push('[');
        for (index, level) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_level(&mut out, level, &plan, &stores)?;
        }
        out.push(']');
        Some(out)
    }
}

/// What is written for one field of a level.
enum Piece {
    Typename(&'static str),
    Id,
    OnHand,
    Reserved,
    Unavailable,
    Available,
    Incoming,
    InTransit,
    SafetyStock,
    ReorderPoint,
    Status,
    Version,
    Seq,
    UpdatedAt,
    Store(Vec<(String, StorePiece)>),
}

/// What is written for one field of a level's store.
enum StorePiece {
    Typename(&'static str),
    Id,
    Code,
    Name,
    Kind,
    TimeZone,
    Version,
}

/// The fields of a selection with their keys, in order; None when something in it needs an ordinary resolver.
fn plan<'a, P>(
    ctx: &ContextSelectionSet<'a>,
    set: &'a SelectionSet,
    of: &str,
    piece: impl Fn(&ContextSelectionSet<'a>, &'a Field) -> Option<P> + Copy,
) -> Option<Vec<(String, P)>> {
    let mut plan: Vec<(String, P)> = Vec::with_capacity(set.items.len());
    for item in &set.items {
        let (directives, inner, on) = match &item.node {
            Selection::Field(field) => {
                let field = &field.node;
                if !field.directives.is_empty() || !field.arguments.is_empty() {
                    return None;
                }
                let key = field.response_key().node.to_string();
                // Two selections under one key are merged, which ordinary resolvers do.
                if plan.iter().any(|(taken, _)| *taken == key) {
                    return None;
                }
                plan.push((key, piece(ctx, field)?));
                continue;
            }
            Selection::FragmentSpread(spread) => {
                let fragment = &ctx.query_env.fragments.get(&spread.node.fragment_name.node)?.node;
                (&spread.node.directives, &fragment.selection_set.node, Some(&fragment.type_condition))
            }
            Selection::InlineFragment(inline) => {
                (&inline.node.directives, &inline.node.selection_set.node, inline.node.type_condition.as_ref())
            }
        };
        if !directives.is_empty() || on.is_some_and(|on| on.node.on.node != of) {
            return None;
        }
        for (key, piece) in self::plan(ctx, inner, of, piece)? {
            if plan.iter().any(|(taken, _)| *taken == key) {
                return None;
            }
            plan.push((key, piece));
        }
    }
    Some(plan)
}

fn level_piece<'a>(ctx: &ContextSelectionSet<'a>, field: &'a Field) -> Option<Piece> {
    Some(match field.name.node.as_str() {
        "__typename" => Piece::Typename("StockLevel"),
        "id" => Piece::Id,
        "onHand" => Piece::OnHand,
        "reserved" => Piece::Reserved,
        "unavailable" => Piece::Unavailable,
        "available" => Piece::Available,
        "incoming" => Piece::Incoming,
        "inTransit" => Piece::InTransit,
        "safetyStock" => Piece::SafetyStock,
        "reorderPoint" => Piece::ReorderPoint,
        "status" => Piece::Status,
        "version" => Piece::Version,
        "seq" => Piece::Seq,
        "updatedAt" => Piece::UpdatedAt,
        "store" => Piece::Store(plan(ctx, &field.selection_set.node, "Store", |_, field| store_piece(field))?),
        _ => return None,
    })
}

fn store_piece(field: &Field) -> Option<StorePiece> {
    Some(match field.name.node.as_str() {
        "__typename" => StorePiece::Typename("Store"),
        "id" => StorePiece::Id,
        "code" => StorePiece::Code,
        "name" => StorePiece::Name,
        "kind" => StorePiece::Kind,
        "timeZone" => StorePiece::TimeZone,
        "version" => StorePiece::Version,
        _ => return None,
    })
}

fn open_key(out: &mut String, index: usize, key: &str) {
    out.push(if index == 0 { '{' } else { ',' });
    // A response key is a GraphQL name: letters, digits and underscores, nothing to escape.
    out.push('"');
    out.push_str(key);
    out.push_str("\":");
}

fn close(out: &mut String, fields: usize) {
    out.push_str(if fields == 0 { "{}" } else { "}" });
}

fn quoted(out: &mut String, text: &str) {
    // A text always has a JSON form.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

fn word(out: &mut String, word: &str) {
    out.push('"');
    out.push_str(word);
    out.push('"');
}

fn number(out: &mut String, number: i64) {
    let _ = write!(out, "{number}");
}

fn write_level(
    out: &mut String,
    level: &LevelRow,
    plan: &[(String, Piece)],
    stores: &HashMap<StoreId, Arc<StoreRow>>,
) -> Option<()> {
    for (index, (key, piece)) in plan.iter().enumerate() {
        open_key(out, index, key);
        match piece {
            Piece::Typename(name) => word(out, name),
            Piece::Id => {
                out.push('"');
                level.id.push_to(out);
                out.push('"');
            }
            Piece::OnHand => number(out, level.on_hand.get()),
            Piece::Reserved => number(out, level.reserved.get()),
            Piece::Unavailable => number(out, level.unavailable.get()),
            Piece::Available => number(out, level.available()),
            Piece::Incoming => number(out, level.incoming.get()),
            Piece::InTransit => number(out, level.in_transit.get()),
            Piece::SafetyStock => number(out, level.safety_stock.get()),
            Piece::ReorderPoint => match level.reorder_point {
                Some(point) => number(out, point.get()),
                None => out.push_str("null"),
            },
            Piece::Status => word(out, level.status().as_str()),
            Piece::Version => number(out, level.version),
            Piece::Seq => number(out, level.seq),
            Piece::UpdatedAt => {
                out.push('"');
                clock::push_rfc3339(level.updated_at, out);
                out.push('"');
            }
            Piece::Store(plan) => write_store(out, stores.get(&level.key.store)?, plan),
        }
    }
    close(out, plan.len());
    Some(())
}

fn write_store(out: &mut String, store: &StoreRow, plan: &[(String, StorePiece)]) {
    for (index, (key, piece)) in plan.iter().enumerate() {
        open_key(out, index, key);
        match piece {
            StorePiece::Typename(name) => word(out, name),
            StorePiece::Id => {
                out.push('"');
                store.id.push_to(out);
                out.push('"');
            }
            StorePiece::Code => quoted(out, &store.code),
            StorePiece::Name => quoted(out, &store.name),
            StorePiece::Kind => word(out, store.kind.as_str()),
            StorePiece::TimeZone => quoted(out, &store.time_zone),
            StorePiece::Version => number(out, store.version),
        }
    }
    close(out, plan.len());
}
