//! Suggestions that a person accepted, as one change of each product.

use std::collections::HashMap;

/// Lines of one call, categories and names together.
pub const MOST_ACCEPTED: usize = 500;

/// A category for a product. IDs are texts as they were sent: the catalogue reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedCategory {
    pub product: String,
    pub category: String,
    pub expected_version: i64,
}

/// A name for a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedName {
    pub product: String,
    pub name: String,
    pub expected_version: i64,
}

/// The change of one product: values with their places in the lists that they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedLine {
    pub product: String,
    pub expected_version: i64,
    pub category: Option<(usize, String)>,
    pub name: Option<(usize, String)>,
}

/// A list of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedList {
    Categories,
    Names,
}

/// The reason for which lists are no change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptRefusal {
    Empty,
    TooMany,
    /// The product of this line is named before in the same list.
    Repeated(AcceptedList, usize),
    /// The name's line expects another version than the category's line of the same product.
    OtherVersion(usize),
}

/// One line for each product: what is accepted of a product becomes one change of it.
pub fn merged(categories: Vec<AcceptedCategory>, names: Vec<AcceptedName>) -> Result<Vec<AcceptedLine>, AcceptRefusal> {
    if categories.is_empty() && names.is_empty() {
        return Err(AcceptRefusal::Empty);
    }
    if categories.len() + names.len() > MOST_ACCEPTED {
        return Err(AcceptRefusal::TooMany);
    }
    let mut lines: Vec<AcceptedLine> = Vec::with_capacity(categories.len() + names.len());
    let mut line_of: HashMap<String, usize> = HashMap::new();
    for (index, AcceptedCategory { product, category, expected_version }) in categories.into_iter().enumerate() {
        if line_of.insert(product.clone(), lines.len()).is_some() {
            return Err(AcceptRefusal::Repeated(AcceptedList::Categories, index));
        }
        lines.push(AcceptedLine { product, expected_version, category: Some((index, category)), name: None });
    }
    for (index, AcceptedName { product, name, expected_version }) in names.into_iter().enumerate() {
        let Some(place) = line_of.get(&product).copied() else {
            line_of.insert(product.clone(), lines.len());
            lines.push(AcceptedLine { product, expected_version, category: None, name: Some((index, name)) });
            continue;
        };
        let line = &mut lines[place];
        if line.name.is_some() {
            return Err(AcceptRefusal::Repeated(AcceptedList::Names, index));
        }
        if line.expected_version != expected_version {
            return Err(AcceptRefusal::OtherVersion(index));
        }
        line.name = Some((index, name));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(product: &str, expected_version: i64) -> AcceptedCategory {
        AcceptedCategory { product: product.to_owned(), category: "mugs".to_owned(), expected_version }
    }
    fn name(product: &str, expected_version: i64) -> AcceptedName {
        AcceptedName { product: product.to_owned(), name: "Mug".to_owned(), expected_version }
    }

    #[test]
    fn a_product_changes_once_whatever_is_accepted_of_it() {
        let lines = merged(vec![category("a", 1), category("b", 2)], vec![name("c", 3), name("b", 2)]).unwrap();
        let told: Vec<_> =
            lines.iter().map(|line| (&*line.product, line.category.is_some(), line.name.as_ref().map(|name| name.0))).collect();
        assert_eq!(told, [("a", true, None), ("b", true, Some(1)), ("c", false, Some(0))]);
    }

    #[test]
    fn lists_that_contradict_themselves_are_refused() {
        assert_eq!(merged(vec![], vec![]), Err(AcceptRefusal::Empty));
        assert_eq!(merged(vec![category("a", 1); 501], vec![]), Err(AcceptRefusal::TooMany));
        let twice = Err(AcceptRefusal::Repeated(AcceptedList::Categories, 1));
        assert_eq!(merged(vec![category("a", 1), category("a", 1)], vec![]), twice);
        let twice = Err(AcceptRefusal::Repeated(AcceptedList::Names, 1));
        assert_eq!(merged(vec![], vec![name("a", 1), name("a", 1)]), twice);
        assert_eq!(merged(vec![category("a", 1)], vec![name("a", 2)]), Err(AcceptRefusal::OtherVersion(0)));
    }
}
