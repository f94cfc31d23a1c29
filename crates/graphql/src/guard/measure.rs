//! Measures the size of an operation with its fragments in place, without inserting them: each
//! fragment is measured once and its size reused wherever it is spread, so that a chain of doubling
//! fragments costs as much as its text is long.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{Directive, ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

/// An operation's size, fragments in place. Sums saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measure {
    /// Fields within fields, leaves counted.
    pub depth: u32,
    /// Selection sets within selection sets, those of fragments counted: what the engine's recursion follows.
    pub nesting: u32,
    /// Fields, spreads, inline fragments and directives.
    pub nodes: u32,
    /// Fields with an alias.
    pub aliases: u32,
    /// Fields of the outermost set.
    pub root_fields: u32,
    /// The most directives on one element.
    pub directives: u32,
}

impl Measure {
    /// Adds the measure of a sibling in the same selection set.
    fn add_siblings(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.root_fields = self.root_fields.saturating_add(other.root_fields);
        self.directives = self.directives.max(other.directives);
    }
}

/// Maximum nesting of fragments; the engine's own limit is 32.
const MAX_FRAGMENT_DEPTH: usize = 64;

/// Reason that an operation has no size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmeasurable {
    /// A fragment that spreads itself, directly or through others.
    Cycle(Name),
    /// A longer chain of fragments than our stack should follow.
    Chain,
}

/// Measures operations of one document.
pub struct DocumentMeasurer<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while the fragment is being measured.
    measures: HashMap<&'a str, Option<Measure>>,
    /// Fragments that are being measured now.
    open: usize,
}

impl<'a> DocumentMeasurer<'a> {
    pub fn new(document: &'a ExecutableDocument) -> Self {
        Self { fragments: &document.fragments, measures: HashMap::with_capacity(document.fragments.len()), open: 0 }
    }

    /// The size of a selection set that is an operation's.
    ///
    /// # Errors
    /// A fragment reaches itself, or through too many others.
    pub fn operation(&mut self, set: &'a SelectionSet, directives: &[Positioned<Directive>]) -> Result<Measure, Unmeasurable> {
        let mut size = self.set(set)?;
        size.add_siblings(directive_size(directives));
        Ok(size)
    }

    /// The size of the largest fragment, used or not: validation walks unused ones too.
    ///
    /// # Errors
    /// A fragment reaches itself, or through too many others.
    pub fn largest_fragment(&mut self) -> Result<Measure, Unmeasurable> {
        let mut largest = Measure::default();
        let fragments = self.fragments;
        for name in fragments.keys() {
            let size = self.fragment(name)?;
            largest.depth = largest.depth.max(size.depth);
            largest.nesting = largest.nesting.max(size.nesting);
            largest.nodes = largest.nodes.max(size.nodes);
            largest.aliases = largest.aliases.max(size.aliases);
            largest.directives = largest.directives.max(size.directives);
        }
        Ok(largest)
    }

    // Recursion is bounded: the parser refuses selections deeper than 64, and `fragment` chains longer than `MAX_FRAGMENT_DEPTH`.
    fn set(&mut self, set: &'a SelectionSet) -> Result<Measure, Unmeasurable> {
        let mut size = Measure::default();
        for item in &set.items {
            let item_size = Measure { nodes: 1, ..Measure::default() };
            let selected = match &item.node {
                Selection::Field(field) => {
                    let within = self.set(&field.node.selection_set.node)?;
                    Measure {
                        depth: within.depth.saturating_add(1),
                        nesting: within.nesting.saturating_add(1),
                        nodes: within.nodes,
                        aliases: within.aliases.saturating_add(u32::from(field.node.alias.is_some())),
                        root_fields: 1,
                        directives: within.directives,
                    }
                }
                Selection::InlineFragment(inline) => nested(self.set(&inline.node.selection_set.node)?),
                Selection::FragmentSpread(spread) => nested(self.fragment(&spread.node.fragment_name.node)?),
            };
            size.add_siblings(item_size);
            size.add_siblings(selected);
            size.add_siblings(directive_size(item.node.directives()));
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &Name) -> Result<Measure, Unmeasurable> {
        let Some((name, definition)) = self.fragments.get_key_value(name.as_str()) else {
            return Ok(Measure::default()); // unknown: validation says so
        };
        match self.measures.get(name.as_str()) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(Unmeasurable::Cycle(name.clone())),
            None if self.open == MAX_FRAGMENT_DEPTH => return Err(Unmeasurable::Chain),
            None => {}
        }
        self.open += 1;
        self.measures.insert(name.as_str(), None);
        let mut size = self.set(&definition.node.selection_set.node)?;
        size.add_siblings(directive_size(&definition.node.directives));
        self.measures.insert(name.as_str(), Some(size));
        self.open -= 1;
        Ok(size)
    }
}

fn nested(within: Measure) -> Measure {
    Measure { nesting: within.nesting.saturating_add(1), ..within }
}

fn directive_size(directives: &[Positioned<Directive>]) -> Measure {
    let count = u32::try_from(directives.len()).unwrap_or(u32::MAX);
    Measure { nodes: count, directives: count, ..Measure::default() }
}
