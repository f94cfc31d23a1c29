//! The document guard: parses a document once, measures it, refuses oversized documents before
//! anything runs, and hands the engine one operation at a time. Every transport (POST, GET,
//! sockets) goes through it.

mod cache;
pub mod cost;
mod deprecated_uses;
mod documents;
pub mod filter_limits;
pub mod field_reads;
mod keyless;
mod measure;
pub mod coercion_path;
mod operation;
mod refusal;
mod tokens;
pub(crate) mod usages;
mod visibility;

use std::{fmt, sync::Arc};

use async_graphql::{
    Name,
    parser::{parse_query, types::ExecutableDocument},
};
use platform::metrics::{self, Lookup};

use self::{
    cache::{Cache, Document},
    measure::DocumentMeasurer,
    refusal::check_max,
};
use super::{
    code::Code,
    limits::Limits,
    schema_index::SchemaIndex,
    session::Visibility,
    upstream::{defaults, merge, positions, typename},
};

pub use self::{
    deprecated_uses::DeprecatedUses,
    measure::Measure,
    operation::{Kind, Operation},
    refusal::Refusal,
};

/// Selection sets within one another, fragments' sets counted, that the engine follows before it gives up with an error that
/// carries no code (`recursive_depth`, 32 by default).
const ENGINE_NESTING: u32 = 30;

/// Parses, measures and remembers documents.
pub struct Guard {
    limits: Limits,
    schema_index: Arc<SchemaIndex>,
    cache: Cache,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("documents", &self.cache.len()).finish_non_exhaustive()
    }
}

impl Guard {
    pub fn new(limits: Limits, schema_index: Arc<SchemaIndex>) -> Self {
        let cache = Cache::new(limits.cached_documents, limits.cached_document_bytes);
        Self { limits, schema_index, cache }
    }

    /// The operation that `name` chooses from the document; without a name, the only one.
    ///
    /// # Errors
    /// The document is too large, does not parse, spreads a fragment within itself, or has no such operation.
    pub fn operation(&self, text: &str, name: Option<&str>) -> Result<Arc<Operation>, Refusal> {
        let cached_document = self.cache.get(text);
        metrics::count_lookup("documents", Lookup::of(cached_document.as_ref()));
        let document = match cached_document {
            Some(document) => document,
            None => self.parse_document(text)?,
        };
        let chosen_operation = match (name, document.operations.as_slice()) {
            (None, [(_, sole)]) => Some(sole),
            (None, _) => {
                return Err(Refusal::new(Code::BadRequest, "operationName is needed: the document has several operations"));
            }
            (Some(name), candidates) => candidates
                .iter()
                .find(|(operation_name, _)| operation_name.as_ref().is_some_and(|operation_name| operation_name.as_str() == name))
                .map(|(_, candidate)| candidate),
        };
        let chosen_operation =
            chosen_operation.ok_or_else(|| Refusal::new(Code::BadRequest, "the document has no operation of that name"))?;
        check(&chosen_operation.measure, &self.limits)?;
        chosen_operation.check_literals(&self.limits)?;
        Ok(chosen_operation.clone())
    }

    pub fn schema_index(&self) -> &SchemaIndex {
        &self.schema_index
    }

    fn parse_document(&self, text: &str) -> Result<Arc<Document>, Refusal> {
        let max_counts = tokens::TokenCounts { tokens: self.limits.tokens, brackets: self.limits.brackets };
        let seen = tokens::count_tokens(text, max_counts);
        check_max("tokens", seen.tokens, self.limits.tokens)?;
        check_max("open brackets", seen.brackets, self.limits.brackets)?;
        let mut parsed = parse_query(text).map_err(|error| Refusal {
            code: Code::ParseFailed,
            message: error.to_string(),
            locations: error.positions().collect(),
            field: Vec::new(),
        })?;
        check_max("operations", parsed.operations.iter().len(), self.limits.operations)?;
        let measures = measure_operations(&parsed, &self.limits)?;
        typename::lift_directives_off_typename(&mut parsed);
        let (mut operations, mut copies) = (Vec::new(), 0);
        for (name, mut document) in documents::split_operations(parsed) {
            let Some(measure) = measures.iter().find(|(operation_name, _)| *operation_name == name).map(|(_, measure)| *measure)
            else {
                continue;
            };
            // Operations that are too large are refused when they are chosen, so their cost is not
            // needed.
            let (mut plan, mut merged, mut seen) = (cost::Plan::default(), None, Visibility::PerUser);
            let mut deprecated = DeprecatedUses::default();
            if check(&measure, &self.limits).is_ok() {
                positions::check(&document, &self.schema_index)?;
                // Before defaults of the schema are filled in, which the client did not write.
                deprecated = DeprecatedUses::of(&document, &self.schema_index);
                defaults::inline_variable_defaults(&mut document, &self.schema_index);
                plan = cost::compile(&document, &self.schema_index);
                seen = visibility::of(&document, &self.schema_index);
                merged = merge::merge_fields(&document, &self.schema_index, None)?;
            }
            copies += 1 + usize::from(matches!(merged, Some(merge::Merged::Always(_))));
            let operation =
                Operation::new(name.clone(), measure, (plan, seen, deprecated), (document, merged), &self.schema_index);
            copies += usize::from(operation.as_ref().is_some_and(Operation::keeps_filters));
            operations.extend(operation.map(|operation| (name, Arc::new(operation))));
        }
        // A token becomes a node, a name and their positions in each operation's own copy: measured, about 150 bytes.
        let weight = text.len() + seen.tokens * 150 * copies.max(1);
        let document = Arc::new(Document { operations, weight });
        self.cache.put(text, document.clone());
        Ok(document)
    }
}

type Sizes = Vec<(Option<Name>, Measure)>;

/// Measures every operation. Those that exceed a limit are refused when chosen, not before; fragments and variables of all count
/// at once, because validation walks the whole document.
fn measure_operations(document: &ExecutableDocument, limits: &Limits) -> Result<Sizes, Refusal> {
    let mut scale = DocumentMeasurer::new(document);
    check(&scale.largest_fragment().map_err(measure_refusal)?, limits)?;
    let mut sizes = Vec::with_capacity(document.operations.iter().len());
    for (name, operation) in document.operations.iter() {
        check_max("variables", operation.node.variable_definitions.len(), limits.variables)?;
        let size = scale.operation(&operation.node.selection_set.node, &operation.node.directives).map_err(measure_refusal)?;
        sizes.push((name.cloned(), size));
    }
    Ok(sizes)
}

fn measure_refusal(reason: measure::Unmeasurable) -> Refusal {
    match reason {
        measure::Unmeasurable::Cycle(name) => Refusal::new(Code::ValidationFailed, format!("fragment \"{name}\" spreads itself")),
        measure::Unmeasurable::Chain => {
            Refusal::new(Code::QueryTooComplex, "the operation has too many fragments within fragments")
        }
    }
}

fn check(measure: &Measure, limits: &Limits) -> Result<(), Refusal> {
    check_max("levels", measure.depth as usize, limits.depth as usize)?;
    check_max("nested selections", measure.nesting as usize, ENGINE_NESTING as usize)?;
    check_max("nodes", measure.nodes as usize, limits.nodes as usize)?;
    check_max("aliases", measure.aliases as usize, limits.aliases as usize)?;
    check_max("root fields", measure.root_fields as usize, limits.root_fields as usize)?;
    check_max("directives on one element", measure.directives as usize, limits.directives)
}
