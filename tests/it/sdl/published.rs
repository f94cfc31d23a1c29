//! Documents are checked and executed by the published schema, and its filters declare their costs.

use async_graphql::SDLExportOptions;
use entrepot::{
    graphql::{price, schema_index::SchemaIndex},
    schema::{self, ValidatorBuild, WEIGHTS},
};

use crate::{catalog::world::World, stock::page::given, world::on_both};

on_both!(documents_are_judged_and_run_by_what_is_published, world: World => {
    let (judges, pending) = ValidatorBuild::spawn_with_schema();
    let (judged_by, _) = judges.join().unwrap();
    let published = schema::sdl();
    assert!(*judged_by == SchemaIndex::of(&published).unwrap(), "the index of the registry is not that of the SDL");
    let served = schema::build_on(Some(pending), given(world).await);
    let options = SDLExportOptions::new().include_specified_by();
    assert!(served.sdl_with_options(options) == published, "the schema that runs documents is another one");
});

/// The SDL silently leaves out a weight of a type or of a field that does not exist.
#[test]
fn every_weight_is_a_number_of_a_field_that_there_is() {
    let index = SchemaIndex::of(&schema::sdl()).unwrap();
    for (input, fields) in WEIGHTS {
        for (field, weight) in *fields {
            assert!(price::parse(weight).is_some_and(|millis| millis > 0), "{input}.{field}: {weight}");
            assert!(index.input(input).is_some_and(|known| known.contains_key(*field)), "{input}.{field}");
        }
    }
}
