//! Fills a database with people whose templates are random, for measuring at scale:
//! `cargo run --release -p api --example seed -- --people 10000 --pack ID --dimensions 128`
//! with `DATABASE_URL` and `ATTENDANCE_DATA` of the server to fill. Start or restart the server afterwards, or
//! watch it follow.

use anyhow::Result;
use api::config::{DataConfig, DatabaseConfig};
use api::db;
use api::domain::gallery_sync::encode_template;
use api::domain::master_key;
use api::keys::Sealed;
use api::models::biometrics::{self, NewPhoto, PersonKeyRow, Template};
use api::models::people::{self, NewPerson};
use api::models::{gallery, packs};
use clap::Parser;
use diesel::Connection;
use rand::RngExt;
use types::{PersonId, PhotoId};
use uuid::Uuid;

#[derive(Parser)]
struct Seed {
    #[command(flatten)]
    database: DatabaseConfig,
    #[command(flatten)]
    data: DataConfig,
    /// How many people to add.
    #[arg(long)]
    people: usize,
    /// The model pack's id, as the API's `/api/v1/model` tells it.
    #[arg(long)]
    pack: String,
    /// Length of a template.
    #[arg(long)]
    dimensions: usize,
}

fn main() -> Result<()> {
    let seed = Seed::parse();
    let mut conn = db::connect(&seed.database.url)?;
    let keys = master_key::open_or_create(&mut conn, &seed.data)?;
    // Templates belong to a pack that is known, as one is that the recognizer offers.
    packs::keep(&mut conn, &seed.pack)?;
    for batch in (0..seed.people).collect::<Vec<_>>().chunks(500) {
        conn.transaction(|conn| {
            let mut ids = Vec::with_capacity(batch.len());
            for number in batch {
                let id = PersonId(Uuid::now_v7());
                people::insert(conn, &person(id, *number))?;
                let (key, wrapped) = keys.new_key(id)?;
                let row = PersonKeyRow {
                    person_id: id.0,
                    master_key_version: wrapped.version,
                    wrapped: wrapped.bytes,
                };
                biometrics::insert_key(conn, &row)?;
                let photo = PhotoId(Uuid::now_v7());
                let quality = serde_json::json!({ "ok": true, "reasons": [] });
                let new = NewPhoto { id: photo.0, person_id: id.0, width: 1, height: 1, quality };
                biometrics::insert_photo(conn, &new)?;
                let plain = encode_template(&random_unit(seed.dimensions));
                let sealed = key.seal(Sealed::Template(photo, &seed.pack), &plain)?;
                let template =
                    Template { photo_id: photo.0, model_pack: seed.pack.clone(), person_id: id.0, sealed };
                biometrics::insert_template(conn, &template)?;
                ids.push(id.0);
            }
            gallery::touch(conn, &ids)?;
            Ok::<_, anyhow::Error>(())
        })?;
    }
    Ok(())
}

fn person(id: PersonId, number: usize) -> NewPerson {
    NewPerson {
        id: id.0,
        name: format!("Seeded Person {number}"),
        external_id: format!("seed-{}", id),
        email: None,
        phone: None,
        branch: None,
        year: None,
    }
}

/// A direction drawn evenly from the sphere: normal numbers by the sum of twelve uniform ones, scaled to length
/// one.
fn random_unit(dimensions: usize) -> Vec<f32> {
    let mut random = rand::rng();
    let normal =
        |random: &mut rand::rngs::ThreadRng| (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
    let vector: Vec<f32> = (0..dimensions).map(|_| normal(&mut random)).collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / length).collect()
}
