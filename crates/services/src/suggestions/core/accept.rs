//! Accepted suggestions, merged to one change of each product.

use std::collections::HashMap;

/// Maximum lines of a call, all lists together.
pub const MAX_ACCEPTED: usize = 500;

/// Accepted value of a product. IDs are unparsed texts of the input: the catalogue parses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedValue<T> {
    pub product: String,
    pub value: T,
    pub expected_version: i64,
}

/// Everything that is accepted in one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptedLists {
    pub categories: Vec<AcceptedValue<String>>,
    pub names: Vec<AcceptedValue<String>>,
    /// Tags to add to those of a product.
    pub tags: Vec<AcceptedValue<Vec<String>>>,
    pub descriptions: Vec<AcceptedValue<String>>,
}

/// The change of one product: values with their indexes in the input lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptedLine {
    pub product: String,
    pub expected_version: i64,
    pub category: Option<(usize, String)>,
    pub name: Option<(usize, String)>,
    pub tags: Option<(usize, Vec<String>)>,
    pub description: Option<(usize, String)>,
}

/// A list of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedList {
    Categories,
    Names,
    Tags,
    Descriptions,
}

/// Reason why lists are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptRefusal {
    Empty,
    TooMany,
    /// The product of this line occurs earlier in the same list.
    Repeated(AcceptedList, usize),
    /// The line expects another version than an earlier line of the same product.
    OtherVersion(AcceptedList, usize),
}

impl AcceptedLine {
    /// Returns the list and the line that a field of the product came from; for a field without a
    /// list, the first line that names the product.
    pub fn place(&self, field: &str) -> (AcceptedList, usize) {
        let places = [
            ("categoryId", AcceptedList::Categories, self.category.as_ref().map(|(index, _)| *index)),
            ("name", AcceptedList::Names, self.name.as_ref().map(|(index, _)| *index)),
            ("tags", AcceptedList::Tags, self.tags.as_ref().map(|(index, _)| *index)),
            ("description", AcceptedList::Descriptions, self.description.as_ref().map(|(index, _)| *index)),
        ];
        let is_of = |is_exact: bool| {
            let mut candidates = places.iter().filter(|(name, _, _)| !is_exact || *name == field);
            candidates.find_map(|(_, list, index)| index.map(|index| (*list, index)))
        };
        is_of(true).or_else(|| is_of(false)).unwrap_or((AcceptedList::Categories, 0))
    }
}

/// Lines in the order in which products occur first.
#[derive(Default)]
struct LineMerge {
    lines: Vec<AcceptedLine>,
    line_of: HashMap<String, usize>,
}

impl LineMerge {
    fn add<T>(
        &mut self,
        list: AcceptedList,
        accepted: Vec<AcceptedValue<T>>,
        value_of: impl Fn(&mut AcceptedLine) -> &mut Option<(usize, T)>,
    ) -> Result<(), AcceptRefusal> {
        for (index, AcceptedValue { product, value, expected_version }) in accepted.into_iter().enumerate() {
            let next = self.lines.len();
            let line_index = *self.line_of.entry(product.clone()).or_insert(next);
            if line_index == next {
                self.lines.push(AcceptedLine { product, expected_version, ..AcceptedLine::default() });
            }
            let line = &mut self.lines[line_index];
            if value_of(line).is_some() {
                return Err(AcceptRefusal::Repeated(list, index));
            }
            if line.expected_version != expected_version {
                return Err(AcceptRefusal::OtherVersion(list, index));
            }
            *value_of(line) = Some((index, value));
        }
        Ok(())
    }
}

/// Merges the lists to one line for each product, so that all that is accepted for a product is one
/// change.
pub fn merge_lists(lists: AcceptedLists) -> Result<Vec<AcceptedLine>, AcceptRefusal> {
    let AcceptedLists { categories, names, tags, descriptions } = lists;
    let count = categories.len() + names.len() + tags.len() + descriptions.len();
    if count == 0 {
        return Err(AcceptRefusal::Empty);
    }
    if count > MAX_ACCEPTED {
        return Err(AcceptRefusal::TooMany);
    }
    let mut merging = LineMerge::default();
    merging.add(AcceptedList::Categories, categories, |line| &mut line.category)?;
    merging.add(AcceptedList::Names, names, |line| &mut line.name)?;
    merging.add(AcceptedList::Tags, tags, |line| &mut line.tags)?;
    merging.add(AcceptedList::Descriptions, descriptions, |line| &mut line.description)?;
    Ok(merging.lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(product: &str, expected_version: i64) -> AcceptedValue<String> {
        AcceptedValue { product: product.to_owned(), value: "mug".to_owned(), expected_version }
    }
    fn tags(product: &str, expected_version: i64) -> AcceptedValue<Vec<String>> {
        AcceptedValue { product: product.to_owned(), value: vec!["gift".to_owned()], expected_version }
    }
    fn lists(categories: Vec<AcceptedValue<String>>, names: Vec<AcceptedValue<String>>) -> AcceptedLists {
        AcceptedLists { categories, names, ..AcceptedLists::default() }
    }

    #[test]
    fn a_product_changes_once_whatever_is_accepted_of_it() {
        let all = AcceptedLists {
            tags: vec![tags("d", 1), tags("b", 2)],
            ..lists(vec![accepted("a", 1), accepted("b", 2)], vec![accepted("c", 3), accepted("b", 2)])
        };
        let lines = merge_lists(all).unwrap();
        let told: Vec<_> = lines
            .iter()
            .map(|line| (&*line.product, line.category.is_some(), line.place("name"), line.tags.as_ref().map(|tags| tags.0)))
            .collect();
        let expected = [
            ("a", true, (AcceptedList::Categories, 0), None),
            ("b", true, (AcceptedList::Names, 1), Some(1)),
            ("c", false, (AcceptedList::Names, 0), None),
            ("d", false, (AcceptedList::Tags, 0), Some(0)),
        ];
        assert_eq!(told, expected);
        assert_eq!(lines[1].place("expectedVersion"), (AcceptedList::Categories, 1));
    }

    #[test]
    fn lists_that_contradict_themselves_are_refused() {
        assert_eq!(merge_lists(AcceptedLists::default()), Err(AcceptRefusal::Empty));
        assert_eq!(merge_lists(lists(vec![accepted("a", 1); 501], vec![])), Err(AcceptRefusal::TooMany));
        let twice = Err(AcceptRefusal::Repeated(AcceptedList::Categories, 1));
        assert_eq!(merge_lists(lists(vec![accepted("a", 1), accepted("a", 1)], vec![])), twice);
        let twice = Err(AcceptRefusal::Repeated(AcceptedList::Names, 1));
        assert_eq!(merge_lists(lists(vec![], vec![accepted("a", 1), accepted("a", 1)])), twice);
        let other = Err(AcceptRefusal::OtherVersion(AcceptedList::Names, 0));
        assert_eq!(merge_lists(lists(vec![accepted("a", 1)], vec![accepted("a", 2)])), other);
        let all = AcceptedLists { tags: vec![tags("a", 1)], ..lists(vec![accepted("a", 2)], vec![]) };
        assert_eq!(merge_lists(all), Err(AcceptRefusal::OtherVersion(AcceptedList::Tags, 0)));
    }
}
