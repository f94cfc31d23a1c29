//! What pictures and documents a product may have, and in which order: pure.

use entity::prelude::*;

/// Pictures of a product.
pub const MOST_IMAGES: usize = 20;
/// Documents of a product.
pub const MOST_DOCUMENTS: usize = 20;
/// Words for who cannot see the picture.
pub const ALT_CHARACTERS: usize = 500;
/// What a document is called.
pub const TITLE_CHARACTERS: usize = 200;

/// A picture of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub id: ImageId,
    pub product: ProductId,
    pub file: FileId,
    /// Among the product's pictures: 1 is the first, and none is left out.
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

/// Why a change of pictures or documents is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// A field of the input names nothing that there is.
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
    /// A place among the pictures that there is not.
    NoPlace {
        last: i64,
    },
    /// A picture is named twice.
    Twice,
    NoTitle,
    /// The idempotency key came before with another input.
    KeyReused,
}

/// The place of a picture that is added, and the places of those that are there: `wanted` from 1 on, the last without.
pub fn place(images: &[Image], wanted: Option<i64>) -> Result<(i64, Vec<(ImageId, i64)>), Rejection> {
    if images.len() >= MOST_IMAGES {
        return Err(Rejection::TooMany { what: "pictures", most: MOST_IMAGES });
    }
    let last = images.len() as i64 + 1;
    let at = wanted.unwrap_or(last);
    if !(1..=last).contains(&at) {
        return Err(Rejection::NoPlace { last });
    }
    let moved = (1..).zip(images).filter(|(position, _)| *position >= at).map(|(position, image)| (image.id, position + 1));
    Ok((at, moved.collect()))
}

/// The places of a product's pictures without one of them: those that change.
pub fn closed_up(images: &[Image], without: ImageId) -> Vec<(ImageId, i64)> {
    numbered(images.iter().filter(|image| image.id != without))
}

/// The places of a product's pictures when these come first, in this order, and the others after them as they were: those that change.
pub fn reordered(images: &[Image], first: &[ImageId]) -> Result<Vec<(ImageId, i64)>, Rejection> {
    if (1..first.len()).any(|at| first[..at].contains(&first[at])) {
        return Err(Rejection::Twice);
    }
    let find = |id: &ImageId| images.iter().find(|image| image.id == *id);
    let named = first.iter().map(find).collect::<Option<Vec<_>>>();
    let named = named.ok_or(Rejection::NotFound { what: "picture of this product", field: "imageIds" })?;
    Ok(numbered(named.into_iter().chain(images.iter().filter(|image| !first.contains(&image.id)))))
}

fn numbered<'a>(images: impl Iterator<Item = &'a Image>) -> Vec<(ImageId, i64)> {
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
        assert_eq!(place(&three, None), Ok((4, vec![])));
        assert_eq!(place(&three, Some(2)), Ok((2, vec![(id(2), 3), (id(3), 4)])));
        assert_eq!(place(&[], Some(1)), Ok((1, vec![])));
        for wrong in [0, -1, 5, i64::MAX, i64::MIN] {
            assert_eq!(place(&three, Some(wrong)), Err(Rejection::NoPlace { last: 4 }), "{wrong}");
        }
        assert_eq!(place(&images(20), None), Err(Rejection::TooMany { what: "pictures", most: 20 }));
    }

    #[test]
    fn no_place_is_left_open() {
        let four = images(4);
        assert_eq!(closed_up(&four, id(2)), [(id(3), 2), (id(4), 3)]);
        assert_eq!(closed_up(&four, id(4)), []);
        assert_eq!(reordered(&four, &[id(3), id(1)]), Ok(vec![(id(3), 1), (id(1), 2), (id(2), 3)]));
        assert_eq!(reordered(&four, &[]), Ok(vec![]));
        assert_eq!(reordered(&four, &[id(1), id(1)]), Err(Rejection::Twice));
        assert!(matches!(reordered(&four, &[id(9)]), Err(Rejection::NotFound { .. })));
    }
}
