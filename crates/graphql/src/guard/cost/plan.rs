//! The plan of an operation's cost, filled in before it runs and compared with its answer afterwards.

use async_graphql::{Name, Value, Variables, indexmap::IndexMap};
use async_graphql_value::RAW_VALUE_TOKEN;
use smallvec::SmallVec;

use crate::{
    price::{self, Millis},
    priced_inputs::PricedArgument,
};

/// Maximum items of lists on an ordinary page.
const BROAD_ITEMS: u32 = 100;

/// Cost of a selection: a sum, and a product for each list in it.
#[derive(Debug, Default)]
pub struct Plan {
    /// Sum of the prices that do not depend on the length of a list.
    fixed: Millis,
    pub(super) lists: Vec<List>,
    /// Lists in the whole operation.
    pub(super) slots: usize,
    /// Lists in the arguments of a mutation.
    pub(super) lines: Vec<Slice>,
    /// Arguments in the whole operation that may have fields with a price of their own.
    pub(super) inputs: Vec<PricedArgument>,
    /// Indices of the arguments of this selection: in a list they cost their price for each item,
    /// which reads by them again.
    pub(super) arguments: Vec<usize>,
}

/// A list of objects.
#[derive(Debug)]
pub(super) struct List {
    /// Path from the nearest list's item, or the answer's root: keys of the answer.
    pub path: Box<[Name]>,
    /// Index of the list among the operation's lists.
    pub slot: usize,
    pub size: Size,
    pub each: Plan,
}

/// Number of items that a list returns.
#[derive(Debug, Clone)]
pub(super) struct Size {
    /// The largest of those that are given.
    pub slices: Vec<Slice>,
    pub otherwise: u32,
}

/// Source of a list's size.
#[derive(Debug, Clone)]
pub(super) enum Slice {
    Known(u32),
    Variable { name: Name, otherwise: Option<u32> },
}

/// Cost of an operation with the variables of a request.
#[derive(Debug)]
pub struct RequestedCost {
    pub millis: Millis,
    /// The size of each list, by its slot.
    sizes: SmallVec<[u32; 8]>,
    /// The price of each argument that may have one.
    inputs: SmallVec<[Millis; 4]>,
}

impl RequestedCost {
    pub fn points(&self) -> u32 {
        price::points(self.millis)
    }
}

impl Plan {
    pub(super) fn add(&mut self, millis: Millis) {
        self.fixed = self.fixed.saturating_add(millis);
    }

    /// Returns the maximum cost of the operation, as far as sizes are given or assumed.
    pub fn requested_cost(&self, variables: &Variables) -> RequestedCost {
        let inputs = self.inputs.iter().map(|argument| argument.price(variables)).collect();
        let mut requested = RequestedCost { millis: 0, sizes: SmallVec::from_elem(0, self.slots), inputs };
        let rows = self.expected_millis(variables, &mut requested);
        let lines = self.lines.iter().map(|slice| lines_of(slice, variables)).fold(0, Millis::saturating_add);
        requested.millis = rows.saturating_add(lines);
        requested
    }

    fn expected_millis(&self, variables: &Variables, requested: &mut RequestedCost) -> Millis {
        let mut sum = self.fixed_millis(requested);
        for list in &self.lists {
            let size = list.size.of(variables);
            if let Some(slot) = requested.sizes.get_mut(list.slot) {
                *slot = size;
            }
            sum = sum.saturating_add(list.each.expected_millis(variables, requested).saturating_mul(Millis::from(size)));
        }
        sum
    }

    /// Returns the part of the price that does not depend on the length of a list in it.
    fn fixed_millis(&self, requested: &RequestedCost) -> Millis {
        let inputs = self.arguments.iter().filter_map(|argument| requested.inputs.get(*argument));
        inputs.fold(self.fixed, |sum, price| sum.saturating_add(*price))
    }

    /// Whether an answer may have many objects: lists within lists, whose lengths multiply, or long ones.
    pub fn is_broad(&self, requested: &RequestedCost) -> bool {
        let has_nested = self.lists.iter().any(|list| !list.each.lists.is_empty());
        has_nested || requested.sizes.iter().sum::<u32>() > BROAD_ITEMS
    }

    /// Returns the actual points: lists count by their length in the answer. Never more than the
    /// requested points.
    pub fn actual_points(&self, requested: &RequestedCost, data: &Value) -> u32 {
        if self.lists.is_empty() {
            return requested.points();
        }
        let expected = self.sum(requested);
        let lines = requested.millis.saturating_sub(expected);
        price::points(self.actual_millis(requested, data).saturating_add(lines).min(requested.millis))
    }

    /// Returns the cost with the requested sizes.
    fn sum(&self, requested: &RequestedCost) -> Millis {
        self.lists.iter().fold(self.fixed_millis(requested), |sum, list| sum.saturating_add(list.expected_millis(requested)))
    }

    fn actual_millis(&self, requested: &RequestedCost, data: &Value) -> Millis {
        self.lists.iter().fold(self.fixed_millis(requested), |sum, list| sum.saturating_add(list.actual_millis(requested, data)))
    }
}

impl List {
    fn expected_millis(&self, requested: &RequestedCost) -> Millis {
        let size = requested.sizes.get(self.slot).copied().unwrap_or_default();
        self.each.sum(requested).saturating_mul(Millis::from(size))
    }

    fn actual_millis(&self, requested: &RequestedCost, data: &Value) -> Millis {
        let mut value = data;
        for key in &self.path {
            let Value::Object(members) = value else { return 0 };
            // An answer that was written straight to JSON is not parsed again: its estimate counts.
            if is_written(members) {
                return self.expected_millis(requested);
            }
            let Some(member) = members.get(key) else { return 0 };
            value = member;
        }
        match value {
            Value::List(items) if self.each.lists.is_empty() => {
                self.each.fixed_millis(requested).saturating_mul(items.len() as Millis)
            }
            Value::List(items) => {
                items.iter().fold(0, |sum: Millis, item| sum.saturating_add(self.each.actual_millis(requested, item)))
            }
            Value::Object(members) if is_written(members) => self.expected_millis(requested),
            _ => 0,
        }
    }
}

fn is_written(members: &IndexMap<Name, Value>) -> bool {
    members.len() == 1 && members.contains_key(RAW_VALUE_TOKEN)
}

impl Size {
    fn of(&self, variables: &Variables) -> u32 {
        self.slices.iter().filter_map(|slice| slice.of(variables)).max().unwrap_or(self.otherwise)
    }
}

impl Slice {
    fn of(&self, variables: &Variables) -> Option<u32> {
        match self {
            Self::Known(size) => Some(*size),
            Self::Variable { name, otherwise } => variables.get(name).map_or(*otherwise, price::size),
        }
    }
}

/// The price of the lines in a value: its own length, or that of the lists right inside it.
fn lines_in(value: &Value) -> Millis {
    let length = match value {
        Value::List(items) => items.len(),
        Value::Object(members) => members
            .values()
            .map(|member| match member {
                Value::List(items) => items.len(),
                _ => 0,
            })
            .sum(),
        _ => 0,
    };
    (length as Millis).saturating_mul(price::LINE)
}

/// Returns the price of the lines that a slice stands for.
fn lines_of(slice: &Slice, variables: &Variables) -> Millis {
    match slice {
        Slice::Known(count) => Millis::from(*count).saturating_mul(price::LINE),
        Slice::Variable { name, .. } => variables.get(name).map_or(0, lines_in),
    }
}
