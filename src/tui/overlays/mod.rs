//! Layers above any tab: questions, help, the palette, notices, requests, profiles, signing in.

mod columns;
mod help;
mod notices;
mod palette;
mod profiles;
pub mod question;
mod request_list;
mod sign_in;
mod text_box;
mod themes;

pub use columns::ColumnChooser;
pub use help::Help;
pub use notices::NoticeHistory;
pub use palette::Palette;
pub use profiles::ProfileList;
pub use question::Question;
pub use request_list::RequestList;
pub use sign_in::SignIn;
pub use text_box::TextBox;
pub use themes::Themes;
