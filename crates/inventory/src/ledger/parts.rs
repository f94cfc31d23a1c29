//! Values found by their types: the state of a batch for each kind of document, so that the engine
//! need not know the kinds.

use std::{any::Any, fmt::Debug};

/// A value that `Parts` can hold.
pub trait Part: Any + Debug + Send + Sync {}
impl<T: Any + Debug + Send + Sync> Part for T {}

/// At most one value of each type: a list with linear search, since there are only a few kinds of
/// documents.
#[derive(Debug, Default)]
pub struct Parts(Vec<Box<dyn Part>>);

impl Parts {
    pub fn of(part: impl Part) -> Self {
        Self(vec![Box::new(part)])
    }
    pub fn get<T: Part>(&self) -> Option<&T> {
        self.0.iter().find_map(|part| {
            let any: &dyn Any = part.as_ref();
            any.downcast_ref()
        })
    }
    pub fn get_mut<T: Part>(&mut self) -> Option<&mut T> {
        self.0.iter_mut().find_map(|part| {
            let any: &mut dyn Any = part.as_mut();
            any.downcast_mut()
        })
    }
    /// Reads the value, or a default one if there is none.
    pub fn read<T: Part + Default, R>(&self, read: impl FnOnce(&T) -> R) -> R {
        match self.get() {
            Some(part) => read(part),
            None => read(&T::default()),
        }
    }
    /// Changes the value, which begins as its default.
    pub fn with<T: Part + Default, R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        if let Some(part) = self.get_mut() {
            return change(part);
        }
        let mut part = T::default();
        let result = change(&mut part);
        self.0.push(Box::new(part));
        result
    }
    /// Stores the value in place of one of its type.
    pub fn put<T: Part>(&mut self, value: T) {
        match self.get_mut() {
            Some(part) => *part = value,
            None => self.0.push(Box::new(value)),
        }
    }
    pub fn take<T: Part>(&mut self) -> Option<T> {
        let index = self.0.iter().position(|part| {
            let any: &dyn Any = part.as_ref();
            any.is::<T>()
        })?;
        let any: Box<dyn Any> = self.0.swap_remove(index);
        any.downcast().ok().map(|part| *part)
    }
    /// Adds a value whose type is not among them.
    pub(super) fn push(&mut self, part: Box<dyn Part>) {
        self.0.push(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_type() {
        let mut parts = Parts::of(7_u8);
        assert_eq!((parts.get::<u8>(), parts.get::<u16>()), (Some(&7), None));
        parts.with(|text: &mut String| text.push('a'));
        parts.with(|text: &mut String| text.push('b'));
        parts.put(8_u8);
        assert_eq!(parts.read(|text: &String| text.clone()), "ab");
        assert_eq!(parts.read(|number: &u32| *number), 0, "what is missing reads as empty, and stays missing");
        assert_eq!((parts.take::<u8>(), parts.take::<u8>(), parts.take::<u32>()), (Some(8), None, None));
    }
}
