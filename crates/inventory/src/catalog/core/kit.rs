//! Kits: products that are sold as one and consist of others. A kit has no stock of its own.

use std::collections::HashMap;

use entity::prelude::{ProductId, ProductStatus, StockPolicy, Tracking};
use serde::Serialize;

use super::{
    check::{Checker, input_path},
    command::{NewIdAndTime, Target},
    product_row::ProductRow,
    rejection::{Problem, Rejection, RowUsage, Subject},
    verdict::{Verdict, Versioned, find_target},
};

/// The most components of a kit.
pub const MAX_COMPONENTS: usize = 50;

/// Quantity of a product in one kit, in the product's smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    pub product: ProductId,
    pub quantity: i64,
}

/// A product with its components; without components it is no kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitDoc {
    pub row: ProductRow,
    pub components: Vec<Component>,
}

impl Versioned for KitDoc {
    fn version(&self) -> i64 {
        self.row.version
    }
}

/// A kit as callers describe it.
#[derive(Debug, Clone, Serialize)]
pub struct KitFields {
    pub components: Vec<ComponentText>,
}
#[derive(Debug, Clone, Serialize)]
pub struct ComponentText {
    pub product_id: String,
    pub quantity: i64,
}

/// A checked command with all components of the product from now on.
#[derive(Debug, Clone)]
pub struct KitCommand {
    pub target: Target<ProductId>,
    pub components: Vec<Component>,
    /// All products of the input with their places in it: unknown products are reported before
    /// faults in their lines.
    pub listed: Vec<(usize, ProductId)>,
    pub problems: Vec<Problem>,
}

pub fn check(target: Target<ProductId>, fields: &KitFields, mut checker: Checker) -> KitCommand {
    if fields.components.len() > MAX_COMPONENTS {
        checker.refuse(input_path!["components"], Rejection::TooMany { most: MAX_COMPONENTS });
    }
    let mut components: Vec<Component> = Vec::with_capacity(fields.components.len());
    let mut listed_products: Vec<(usize, ProductId)> = Vec::with_capacity(fields.components.len());
    for (index, component) in fields.components.iter().enumerate().take(MAX_COMPONENTS) {
        let product = checker.id(input_path!["components", index, "productId"], &component.product_id, Subject::Product);
        let at = input_path!["components", index, "quantity"];
        let quantity = checker.range(at, component.quantity, 1, entity::quantity::MAX_SAFE);
        let Some(product) = product else { continue };
        if listed_products.iter().any(|(_, other)| *other == product) {
            checker.refuse(input_path!["components", index, "productId"], Rejection::Repeated(Subject::Product));
        } else if let Some(quantity) = quantity {
            components.push(Component { product, quantity });
        }
        listed_products.push((index, product));
    }
    KitCommand { target, components, listed: listed_products, problems: checker.problems }
}

/// Database state that a kit's command is decided on.
#[derive(Debug, Default)]
pub struct KitContext {
    pub kit: Option<KitDoc>,
    /// Remaining stock and documents of the product itself, and the kits that contain it.
    pub uses: Vec<RowUsage>,
    pub parts: HashMap<ProductId, ProductRow>,
}

impl KitContext {
    pub fn decide(&self, command: &KitCommand, id_and_time: NewIdAndTime) -> Verdict<KitDoc> {
        let unknown = self.unknown(command);
        if !unknown.is_empty() {
            return Verdict::refused(unknown);
        }
        let expected = if let Target::Id { expected_version, .. } = &command.target { *expected_version } else { None };
        let before = match find_target(self.kit.as_ref(), expected, Subject::Product, &command.problems) {
            Ok(kit) => kit,
            Err(refusal) => return Verdict::Refused(refusal),
        };
        let mut problems = command.problems.clone();
        let mut after = before.clone();
        after.components.clone_from(&command.components);
        after.row.is_kit = !command.components.is_empty();
        if after.row.is_kit {
            self.check_can_be_kit(before, &mut problems);
            // A product that cannot be a kit is refused without a check of its components.
            if !problems.is_empty() {
                return Verdict::refused(problems);
            }
            after.row.stock_policy = StockPolicy::Untracked;
        }
        for (index, part) in command.components.iter().enumerate() {
            let rejection = match self.parts.get(&part.product) {
                _ if part.product == before.row.id => Some(Rejection::KitInItself),
                None => Some(Rejection::Missing(Subject::Product)),
                Some(row) if row.is_kit => Some(Rejection::KitInKit),
                Some(row) if row.status == ProductStatus::Archived => Some(Rejection::Archived),
                Some(row) if row.stock_policy == StockPolicy::Untracked => Some(Rejection::NotStocked),
                Some(_) => None,
            };
            problems
                .extend(rejection.map(|rejection| Problem { at: input_path!["components", index, "productId"], why: rejection }));
        }
        if !problems.is_empty() {
            return Verdict::refused(problems);
        }
        if after == *before {
            return Verdict::Unchanged(after);
        }
        (after.row.version, after.row.updated_at) = (before.row.version + 1, id_and_time.now);
        Verdict::Updated { before: before.clone(), after }
    }

    /// Returns the problems of named products that do not exist; none if the call itself is
    /// malformed, which is reported first.
    fn unknown(&self, command: &KitCommand) -> Vec<Problem> {
        let is_malformed = |problem: &Problem| matches!(problem.why, Rejection::TooMany { .. } | Rejection::WrongId(_));
        if command.problems.iter().any(is_malformed) {
            return Vec::new();
        }
        let missing = |at| Problem { at, why: Rejection::Missing(Subject::Product) };
        let kit = self.kit.is_none().then(|| missing(input_path!["id"]));
        let parts = command.listed.iter().filter(|(_, product)| !self.parts.contains_key(product));
        kit.into_iter().chain(parts.map(|(index, _)| missing(input_path!["components", index, "productId"]))).collect()
    }

    /// Checks that a product may be a kit: it is counted in whole units, has no stock of its own
    /// and is no component of another kit.
    fn check_can_be_kit(&self, before: &KitDoc, problems: &mut Vec<Problem>) {
        let row = &before.row;
        if row.status == ProductStatus::Archived {
            problems.push(Problem::at("id", Rejection::Archived));
        }
        if row.unit_decimals > 0 || row.tracking != Tracking::None {
            problems.push(Problem::at("id", Rejection::NotWhole));
        }
        let open_uses: Vec<RowUsage> =
            self.uses.iter().copied().filter(|usage| !before.row.is_kit || *usage == RowUsage::Kits).collect();
        if !open_uses.is_empty() {
            problems.push(Problem::at("id", Rejection::InUse(open_uses)));
        }
    }
}
