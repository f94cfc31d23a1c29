//! Pictures and documents of a product, their limits and their order: pure.

use entity::prelude::*;

/// Maximum pictures of a product.
pub const MAX_IMAGES: usize = 20;
/// Maximum documents of a product.
pub const MAX_DOCUMENTS: usize = 20;
/// Maximum characters of an alternative text.
pub const ALT_CHARACTERS: usize = 500;
/// Maximum characters of a document's title.
pub const TITLE_CHARACTERS: usize = 200;

/// A picture of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub id: ImageId,
    pub product: ProductId,
    pub file: FileId,
    /// Position among the product's pictures: from 1, without gaps.
    pub position: i64,
    pub alt: String,
    pub created_at: Timestamp,
}

/// A document of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: DocumentId,
    pub product: ProductId,
    pub file: FileId,
    pub title: String,
    pub created_at: Timestamp,
}

/// Reason to reject a change of pictures or documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// A field of the input refers to a row that does not exist.
    NotFound {
        what: &'static str,
        field: &'static str,
    },
    TooMany {
        what: &'static str,
        most: usize,
    },
    TooLong {
        field: &'static str,
        most: usize,
    },
    /// A text has a NUL character.
    NotPlain {
        field: &'static str,
    },
    /// There is no such position among the pictures.
    NoPlace {
        last: i64,
    },
    /// A picture is given twice.
    Twice,
    NoTitle,
    /// The idempotency key was used with another input.
    KeyReused,
}

/// Returns the position of an added picture, and the changed positions of existing ones.
/// `requested_position` counts from 1; `None` is the end.
pub fn positions_after_insert(
    images: &[Image],
    requested_position: Option<i64>,
) -> Result<(i64, Vec<(ImageId, i64)>), Rejection> {
    if images.len() >= MAX_IMAGES {
        return Err(Rejection::TooMany { what: "pictures", most: MAX_IMAGES });
    }
    let last = images.len() as i64 + 1;
    let target = requested_position.unwrap_or(last);
    if !(1..=last).contains(&target) {
        return Err(Rejection::NoPlace { last });
    }
    let shifted = (1..).zip(images).filter(|(position, _)| *position >= target).map(|(position, image)| (image.id, position + 1));
    Ok((target, shifted.collect()))
}

/// Returns the changed positions of a product's pictures after one was removed.
pub fn positions_after_removal(images: &[Image], removed: ImageId) -> Vec<(ImageId, i64)> {
    changed_positions(images.iter().filter(|image| image.id != removed))
}

/// Returns the changed positions of a product's pictures if `first` come first, in this order,
/// followed by the others in their order.
pub fn positions_after_reorder(images: &[Image], first: &[ImageId]) -> Result<Vec<(ImageId, i64)>, Rejection> {
    if (1..first.len()).any(|at| first[..at].contains(&first[at])) {
        return Err(Rejection::Twice);
    }
    let find = |id: &ImageId| images.iter().find(|image| image.id == *id);
    let first_images = first.iter().map(find).collect::<Option<Vec<_>>>();
    let first_images = first_images.ok_or(Rejection::NotFound { what: "picture of this product", field: "imageIds" })?;
    Ok(changed_positions(first_images.into_iter().chain(images.iter().filter(|image| !first.contains(&image.id)))))
}

fn changed_positions<'a>(images: impl Iterator<Item = &'a Image>) -> Vec<(ImageId, i64)> {
    (1..)
        .zip(images)
        .filter(|(position, image)| image.position != *position)
        .map(|(position, image)| (image.id, position))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(count: u128) -> Vec<Image> {
        let image = |n: u128| Image {
            id: ImageId::from_uuid(uuid::Uuid::from_u128(n)),
            product: ProductId::NIL,
            file: FileId::NIL,
            position: n as i64,
            alt: String::new(),
            created_at: Timestamp(0),
        };
        (1..=count).map(image).collect()
    }
    fn id(n: u128) -> ImageId {
        ImageId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_picture_finds_its_place() {
        let three = images(3);
        assert_eq!(positions_after_insert(&three, None), Ok((4, vec![])));
        assert_eq!(positions_after_insert(&three, Some(2)), Ok((2, vec![(id(2), 3), (id(3), 4)])));
        assert_eq!(positions_after_insert(&[], Some(1)), Ok((1, vec![])));
        for wrong in [0, -1, 5, i64::MAX, i64::MIN] {
            assert_eq!(positions_after_insert(&three, Some(wrong)), Err(Rejection::NoPlace { last: 4 }), "{wrong}");
        }
        assert_eq!(positions_after_insert(&images(20), None), Err(Rejection::TooMany { what: "pictures", most: 20 }));
    }

    #[test]
    fn no_place_is_left_open() {
        let four = images(4);
        assert_eq!(positions_after_removal(&four, id(2)), [(id(3), 2), (id(4), 3)]);
        assert_eq!(positions_after_removal(&four, id(4)), []);
        assert_eq!(positions_after_reorder(&four, &[id(3), id(1)]), Ok(vec![(id(3), 1), (id(1), 2), (id(2), 3)]));
        assert_eq!(positions_after_reorder(&four, &[]), Ok(vec![]));
        assert_eq!(positions_after_reorder(&four, &[id(1), id(1)]), Err(Rejection::Twice));
        assert!(matches!(positions_after_reorder(&four, &[id(9)]), Err(Rejection::NotFound { .. })));
    }
}
