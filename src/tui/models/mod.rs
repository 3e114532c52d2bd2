//! stub
use super::command::{Command, Context};
use super::layer::{Layer, Outcome};
use super::shared::Shared;
use ratatui::Frame;
use ratatui::layout::Rect;
#[derive(Debug, Default)]
pub struct Models {}
impl Layer for Models {
    fn name(&self) -> &'static str {
        "models"
    }
    fn contexts(&self, _shared: &Shared) -> Vec<Context> {
        vec![Context::Models, Context::List]
    }
    fn command(&mut self, _shared: &mut Shared, _command: Command) -> Outcome {
        Outcome::ignored()
    }
    fn draw(&self, _shared: &Shared, _frame: &mut Frame<'_>, _area: Rect) {}
}
