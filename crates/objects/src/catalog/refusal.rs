//! The catalogue's rejections in GraphQL: code and message of each, defined once.

use entity::prelude::Timestamp;
use inventory::catalog::core::{Form, Problem, Rejection, RowUsage, Subject, UnmergeRefusal};
use platform::clock;

use crate::{
    graphql::refusal::{ErrorCode, Path, UserError},
    nodes::Node,
};

fn name(subject: Subject) -> &'static str {
    match subject {
        Subject::Product => "product",
        Subject::Sku => "SKU",
        Subject::Barcode => "barcode",
        Subject::Category => "category",
        Subject::Slug => "slug",
        Subject::Supplier => "supplier",
        Subject::Family => "product family",
        Subject::Options => "combination of options",
        Subject::OptionName => "name of an option",
        Subject::Store => "store",
        Subject::Code => "code",
        Subject::Customer => "customer",
        Subject::ExternalRef => "external reference",
        Subject::Channel => "channel",
        Subject::ClosedDay => "closed day",
    }
}

fn expected_form(form: Form) -> &'static str {
    match form {
        Form::Plain => "a text without control characters is expected",
        Form::Slug => "a slug is expected: lower-case letters a to z and digits, with single hyphens between them",
        Form::Email => "an e-mail address is expected, as in name@example.com",
        Form::HttpUrl => "a URL is expected that begins with https:// or http://",
        Form::TimeZone => "a name of the IANA time zone database is expected, as in Europe/London",
        Form::Currency => "a currency code of ISO 4217 is expected, as in GBP",
        Form::Amount => "a decimal number is expected, as in \"12.50\"",
        Form::Object => "a JSON object is expected",
        Form::Country => "a country code of ISO 3166 with two letters is expected, as in PT",
        Form::TaxNumber => {
            "a tax number of 2 to 32 letters and digits is expected, with points, hyphens and strokes between them"
        }
        Form::Tariff => "a tariff number of 6 to 10 digits is expected, as in 6912.00.23",
        Form::Tag => "a tag is expected that has no | and does not begin with [",
    }
}

fn usage_text(usage: RowUsage) -> &'static str {
    match usage {
        RowUsage::Stock => "stock remains",
        RowUsage::Reservations => "reservations are active",
        RowUsage::OpenOrders => "orders are open",
        RowUsage::OpenTransfers => "transfers are open",
        RowUsage::OpenPurchaseOrders => "purchase orders are open",
        RowUsage::OpenBlanketOrders => "blanket orders are in force or drafted",
        RowUsage::OpenReturns => "returns are open",
        RowUsage::OpenCounts => "counts are open",
        RowUsage::Kits => "it is part of a kit: change that with kitSet",
        RowUsage::OrderedKits => "orders are open of kits that it is part of",
        RowUsage::Components => "it is a kit: take its components away with kitSet",
        RowUsage::Movements => "stock has moved in this way",
        RowUsage::Products => "products that are not archived lie in it",
        RowUsage::Categories => "categories that are not archived lie below it",
        RowUsage::Integrations => "integrations that are not disabled are bound to it",
        RowUsage::Policies => "policies of replenishment are set for it",
        RowUsage::Budgets => "a budget of purchases is set for it: take that away with replenishmentBudgetSet",
        RowUsage::LowStockThreshold => "its low stock threshold is set: give it in the same call, or clear it",
        RowUsage::PackBarcodes => "it has barcodes of packs: give its barcodes in the same call",
        RowUsage::ReorderPolicies => "reorder points, maximums or safety stock are set: clear them with reorderPolicySet",
        RowUsage::SupplierTerms => {
            "suppliers have pack sizes, minimum orders or price breaks of it: take them back with supplierProductBulkUpsert"
        }
        RowUsage::AlertThresholds => "alert rules of it have a threshold: clear it with alertRuleUpsert",
    }
}

/// Returns the message for an archived object, to which new references are refused. The noun is
/// also that of the mutation, except for a family.
pub fn archived_message(object_name: &str, since: Timestamp) -> String {
    let noun = if object_name == name(Subject::Family) { "productFamily" } else { object_name };
    format!("this {object_name} is archived since {}: restore it with {noun}Restore, or name another", clock::rfc3339(since))
}

/// Returns the text for an object inside an archived one: it stays archived as long as that is.
fn inside_archived_message(container: &str, since: Timestamp, mutation: &str) -> String {
    format!("{container} is archived since {}: restore that with {mutation} first", clock::rfc3339(since))
}

/// Returns the reason why a merge of two of these cannot be undone.
fn unmerge_refusal_text(noun: &str, reason: &UnmergeRefusal) -> String {
    match reason {
        UnmergeRefusal::NotMerged => format!("this {noun} is not merged into another"),
        UnmergeRefusal::Unkept => format!("this {noun} was merged by a release that did not record the moved objects"),
        UnmergeRefusal::MergedOn { first, into } => {
            format!("{first}, into which this {noun} was merged, is merged into {into}: take that merge back first")
        }
        UnmergeRefusal::Erased => format!("a {noun} that is erased does not come back"),
        UnmergeRefusal::LongAgo { days } => format!("a merge can be taken back for {days} days"),
    }
}

/// Code and message of a rejection.
fn describe_rejection(reason: &Rejection) -> (ErrorCode, String) {
    match reason {
        Rejection::Required => (ErrorCode::Required, "a value is needed".to_owned()),
        Rejection::TooLong { most } => (ErrorCode::TooLong, format!("at most {most} characters are kept")),
        Rejection::Malformed(form) => (ErrorCode::Invalid, expected_form(*form).to_owned()),
        Rejection::CheckDigit { expected } => (ErrorCode::Invalid, format!("the check digit of this GTIN is {expected}")),
        Rejection::WrongId(subject) => (ErrorCode::Invalid, format!("this is not the id of a {}", name(*subject))),
        Rejection::OutOfRange { least, most } => (ErrorCode::OutOfRange, format!("a number from {least} to {most} is expected")),
        Rejection::TooManyDecimals { decimals } => (ErrorCode::Invalid, format!("the currency has {decimals} decimals")),
        Rejection::TooMany { most } => (ErrorCode::LimitExceeded, format!("at most {most} are taken at once")),
        Rejection::TooLarge { most_bytes } => (ErrorCode::TooLong, format!("at most {most_bytes} bytes of JSON are kept")),
        Rejection::Taken(subject) => (ErrorCode::Duplicate, format!("another row has this {}", name(*subject))),
        Rejection::Repeated(subject) => (ErrorCode::Duplicate, format!("this {} occurs before in this call", name(*subject))),
        Rejection::Missing(subject) => (ErrorCode::NotFound, format!("there is no such {}", name(*subject))),
        Rejection::SerialInParts => {
            (ErrorCode::OutOfRange, "a serial number stands for one whole unit: the unit must have 0 decimals".to_owned())
        }
        Rejection::Cycle => (ErrorCode::Invalid, "a category cannot lie below itself".to_owned()),
        Rejection::TooDeep { most } => (ErrorCode::LimitExceeded, format!("categories are at most {most} deep")),
        Rejection::OptionNames { expected } => {
            (ErrorCode::Invalid, format!("the options of this family are expected, each once: {}", expected.join(", ")))
        }
        Rejection::OptionsWithoutFamily => (ErrorCode::Invalid, "only a product of a family has options".to_owned()),
        Rejection::InUse(uses) => (ErrorCode::InUse, uses.iter().copied().map(usage_text).collect::<Vec<_>>().join("; ")),
        Rejection::KitInItself => (ErrorCode::Invalid, "a kit cannot be made of itself".to_owned()),
        Rejection::KitInKit => (ErrorCode::Invalid, "this is a kit: name its components instead".to_owned()),
        Rejection::NotStocked => {
            (ErrorCode::InvalidState, "this is UNTRACKED: components of a kit are stocked products".to_owned())
        }
        Rejection::NotWhole => {
            (ErrorCode::InvalidState, "a kit is counted in whole ones: a unit without decimals, and tracking NONE".to_owned())
        }
        Rejection::InUseBy(uses) => {
            let usage_count = |(what, count): &(RowUsage, i64)| format!("{} ({count})", usage_text(*what));
            (ErrorCode::InUse, uses.iter().map(usage_count).collect::<Vec<_>>().join("; "))
        }
        Rejection::Archived => (ErrorCode::InvalidState, "this is archived".to_owned()),
        Rejection::ArchivedSince { what, since } => (ErrorCode::Invalid, archived_message(name(*what), *since)),
        Rejection::InArchivedCategory { since } => {
            (ErrorCode::InvalidState, inside_archived_message("the category it lies in", *since, "categoryRestore"))
        }
        Rejection::InArchivedFamily { since } => {
            (ErrorCode::InvalidState, inside_archived_message("its family", *since, "productFamilyRestore"))
        }
        Rejection::IntoItself => (ErrorCode::InvalidState, "nothing goes into itself".to_owned()),
        Rejection::MergedInto { what, into } => {
            (ErrorCode::InvalidState, format!("this {} is merged into {into}: name that one", name(*what)))
        }
        Rejection::Unmerge(what, reason) => (ErrorCode::InvalidState, unmerge_refusal_text(name(*what), reason)),
        Rejection::OtherTaxIds => {
            (ErrorCode::InvalidState, "they have no tax number in common: accept TAX_IDS where both are one".to_owned())
        }
        Rejection::Open { what, count, numbers } => {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            (ErrorCode::InUse, format!("{} ({count}): {}", usage_text(*what), numbers.join(", ")))
        }
        Rejection::BothOffer { count, skus } => {
            let message =
                format!("both offer the same products ({count}): {}; say in supplierProducts whose terms stay", skus.join(", "));
            (ErrorCode::InUse, message)
        }
        Rejection::DirectStays => {
            (ErrorCode::InvalidState, "orders that name no channel are of DIRECT: it cannot be archived".to_owned())
        }
        Rejection::Stale { actual } => {
            (ErrorCode::VersionConflict, format!("it has changed since you read it and is at version {actual} now"))
        }
        Rejection::KeyReused => (ErrorCode::IdempotencyKeyReused, "this key was used before with another input".to_owned()),
    }
}

/// The input's name of a part of a path. Columns of files have no prefix, and keep the stored name.
fn input_name<'a>(prefix: &[&str], part: &'a str) -> &'a str {
    if part == "position" && !prefix.is_empty() { "sortIndex" } else { part }
}

/// A problem as a user error, its path after `prefix`. `current` is the stored row, for a stale
/// version.
pub fn user_error(problem: &Problem, prefix: &[&str], current: Option<Node>) -> UserError {
    let (code, message) = describe_rejection(&problem.why);
    let problem_path = problem.at.iter().map(|part| input_name(prefix, part).to_owned());
    let field: Path = prefix.iter().map(|part| (*part).to_owned()).chain(problem_path).collect();
    match &problem.why {
        Rejection::Stale { actual } => UserError::stale(message, field, *actual, current),
        _ => UserError::new(code, message, field),
    }
}
