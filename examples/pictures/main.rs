//! The pictures of the README, drawn by the interface itself.
//!
//! `cargo run --example pictures` writes them to `assets/pictures/`; this example's test fails if a
//! picture differs from what the interface draws today.

mod stage;
mod svg;

use std::path::{Path, PathBuf};

use stage::Stage;

/// One picture: its file, what it shows, and the steps to get there.
struct Picture {
    file: &'static str,
    title: &'static str,
    size: (u16, u16),
    scene: fn() -> Stage,
}

const PICTURES: [Picture; 5] = [
    Picture {
        file: "settings.svg",
        title: "keybench, Settings tab: a table of API keys with status, expiry and days left",
        size: (80, 24),
        scene: || Stage::signed_in_as("owner"),
    },
    Picture {
        file: "date-picker.svg",
        title: "keybench, new API key: a month grid, quick picks, and what the chosen day means",
        size: (80, 24),
        scene: || Stage::signed_in_as("owner").keys("n").keys("Q"),
    },
    Picture {
        file: "models.svg",
        title: "keybench, Models tab: models by project with authentication, status and replicas, and the Overview of one",
        size: (120, 30),
        scene: || Stage::signed_in_as("owner").keys("2"),
    },
    Picture {
        file: "refused.svg",
        title: "keybench, a refused model test: HTTP 401, why, and the key that adds the collaborator",
        size: (80, 24),
        scene: || {
            let owner = Stage::signed_in_as("owner").keys("2").keys("<enter>").keys("t");
            owner.keys("Kouts").keys("<enter>").keys("t")
        },
    },
    Picture {
        file: "admin.svg",
        title: "keybench, Admin tab: users with their keys, expired and expiring ones counted",
        size: (80, 24),
        scene: || Stage::signed_in_as("admin").keys("3"),
    },
];

impl Picture {
    fn path(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures").join(self.file)
    }

    fn draw(&self) -> String {
        let (columns, rows) = self.size;
        svg::render(&(self.scene)().draw(columns, rows), self.title)
    }
}

fn main() -> std::io::Result<()> {
    for picture in &PICTURES {
        let path = picture.path();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, picture.draw())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_are_what_the_interface_draws() {
        for picture in &PICTURES {
            let kept = std::fs::read_to_string(picture.path()).unwrap_or_default();
            assert!(
                kept == picture.draw(),
                "{} is out of date; `cargo run --example pictures` draws it again",
                picture.file
            );
        }
    }
}
