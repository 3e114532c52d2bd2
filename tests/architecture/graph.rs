//! Which file uses which other one, and how long the functions are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

use crate::circles::Edges;
use crate::source;

/// A module: a file, or a block of one.
#[derive(Debug, Default)]
struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// What names refer to, by `use`; and those that are re-exported.
    imports: BTreeMap<String, Vec<String>>,
    given_on: BTreeSet<String>,
    globs: Vec<Vec<String>>,
    items: BTreeSet<String>,
    /// Every path in it.
    paths: Vec<Vec<String>>,
}

/// A function and the lines from its `fn` to its last brace.
#[derive(Debug)]
pub struct Function {
    pub file: String,
    pub name: String,
    pub lines: usize,
}

/// The library.
#[derive(Debug, Default)]
pub struct Graph {
    modules: Vec<Module>,
    functions: Vec<Function>,
}

impl Graph {
    /// Read once.
    pub fn get() -> &'static Self {
        static GRAPH: LazyLock<Graph> = LazyLock::new(|| {
            let mut graph = Graph::default();
            let root = source::root();
            graph.add_file(&root.join("lib.rs"), &root, None);
            graph
        });
        &GRAPH
    }

    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter()
    }

    /// `folder` contains the files of its modules.
    fn add_file(&mut self, file: &Path, folder: &Path, parent: Option<usize>) -> usize {
        let text = std::fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add_module(&source::name(file), folder, parent, &parsed.items)
    }

    fn add_module(&mut self, file: &str, folder: &Path, parent: Option<usize>, items: &[Item]) -> usize {
        let id = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), parent, ..Module::default() });
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            match item {
                Item::Mod(module) => {
                    let name = module.ident.to_string();
                    let below = folder.join(&name);
                    let child = match &module.content {
                        Some((_, items)) => self.add_module(file, &below, Some(id), items),
                        None => self.add_file(&file_of(folder, &name), &below, Some(id)),
                    };
                    self.modules[id].children.insert(name, child);
                }
                item => self.add_item(id, item),
            }
        }
        id
    }

    fn add_item(&mut self, id: usize, item: &Item) {
        let module = &mut self.modules[id];
        match item {
            Item::Use(used) => {
                let given_on = !matches!(used.vis, Visibility::Inherited);
                add_use(module, Vec::new(), &used.tree, given_on);
            }
            Item::Macro(item) => module.items.extend(item.ident.as_ref().map(ToString::to_string)),
            item => module.items.extend(name_of(item)),
        }
        if !matches!(item, Item::Use(_)) {
            let mut reader = Reader { module, functions: &mut self.functions };
            reader.visit_item(item);
        }
    }

    /// The module that a path starts in, if it says so, and the rest of the path.
    fn begin<'a>(&self, from: usize, path: &'a [String]) -> Option<(usize, &'a [String])> {
        let (first, mut rest) = path.split_first()?;
        let mut module = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => self.modules[from].parent?,
            _ => return None,
        };
        while let Some(after) = rest.strip_prefix(&["super".to_owned()]) {
            (module, rest) = (self.modules[module].parent?, after);
        }
        Some((module, rest))
    }

    /// The file that defines the target of a path; `None` outside of the library. `hops` bounds
    /// re-exports that refer to each other.
    fn target(&self, from: usize, path: &[String], hops: usize) -> Option<&str> {
        let hops = hops.checked_sub(1)?;
        let (module, rest) = self.begin(from, path).unwrap_or((from, path));
        match rest {
            [] => Some(&self.modules[module].file),
            rest => self.lookup(module, rest, hops),
        }
    }

    /// As [`Self::target`] for a name in a module.
    fn lookup(&self, id: usize, path: &[String], hops: usize) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let module = &self.modules[id];
        if let Some(child) = module.children.get(first) {
            return match rest {
                [] => Some(&self.modules[*child].file),
                rest => self.lookup(*child, rest, hops),
            };
        }
        if module.items.contains(first) {
            return Some(&module.file);
        }
        if let Some(import) = module.imports.get(first) {
            let whole: Vec<String> = import.iter().chain(rest).cloned().collect();
            return self.target(id, &whole, hops);
        }
        module.globs.iter().find_map(|glob| {
            let whole: Vec<String> = glob.iter().chain(path).cloned().collect();
            self.target(id, &whole, hops)
        })
    }

    /// Each file with the others that it uses. A re-export is not a use.
    pub fn files(&self) -> Edges {
        const HOPS: usize = 8;
        let mut edges = Edges::new();
        for (id, module) in self.modules.iter().enumerate() {
            let to = edges.entry(module.file.clone()).or_default();
            let imports = module.imports.iter().filter(|(name, _)| !module.given_on.contains(*name));
            let imports = imports.map(|(_, path)| path);
            // A single name without a `use` is a variable, or defined in this file.
            let used = |path: &&Vec<String>| path.len() > 1 || module.imports.contains_key(&path[0]);
            let found = module.paths.iter().filter(used).chain(imports).chain(&module.globs);
            let found = found.filter_map(|path| self.target(id, path, HOPS));
            to.extend(found.filter(|file| *file != module.file).map(str::to_owned));
        }
        edges
    }

    /// Each top-level module with the others that it uses, re-exports included.
    pub fn top_level(&self) -> Edges {
        let top = |file: &str| {
            let first = file.split('/').next().unwrap_or_default();
            first.strip_suffix(".rs").unwrap_or(first).to_owned()
        };
        let mut edges = Edges::new();
        for (id, module) in self.modules.iter().enumerate().skip(1) {
            let from = top(&module.file);
            let to = edges.entry(from.clone()).or_default();
            let found = module.paths.iter().chain(module.imports.values()).chain(&module.globs);
            let names = found.filter_map(|path| self.top_level_of(id, path));
            to.extend(names.filter(|name| *name != from));
        }
        edges
    }

    /// The top-level module that a path names, whatever that re-exports.
    fn top_level_of(&self, from: usize, path: &[String]) -> Option<String> {
        let (module, rest) = self.begin(from, path)?;
        let name = rest.first().filter(|name| module == 0 && self.modules[0].children.contains_key(*name))?;
        Some(name.clone())
    }

    /// The imports in a circle of files.
    pub fn explain(&self, circle: &BTreeSet<String>) -> String {
        inside(&self.files(), circle)
    }

    pub fn explain_top_level(&self, circle: &BTreeSet<String>) -> String {
        inside(&self.top_level(), circle)
    }
}

/// The imports in a circle: `a -> b c`, one per line.
fn inside(edges: &Edges, circle: &BTreeSet<String>) -> String {
    let uses = |from: &String| {
        let to = edges.get(from).into_iter().flatten().filter(|to| circle.contains(*to));
        format!("{from} -> {}", to.cloned().collect::<Vec<_>>().join(" "))
    };
    circle.iter().map(uses).collect::<Vec<_>>().join("\n  ")
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.rs"));
    if file.exists() { file } else { folder.join(name).join("mod.rs") }
}

fn add_use(module: &mut Module, mut before: Vec<String>, tree: &UseTree, given_on: bool) {
    let (name, path) = match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            return add_use(module, before, &path.tree, given_on);
        }
        UseTree::Group(group) => {
            return group.items.iter().for_each(|tree| add_use(module, before.clone(), tree, given_on));
        }
        UseTree::Glob(_) => return module.globs.push(before),
        UseTree::Name(name) if name.ident == "self" => (before.last().cloned().unwrap_or_default(), before),
        UseTree::Name(name) => (name.ident.to_string(), with(before, name.ident.to_string())),
        UseTree::Rename(name) => (name.rename.to_string(), with(before, name.ident.to_string())),
    };
    if given_on {
        module.given_on.insert(name.clone());
    }
    module.imports.insert(name, path);
}

fn with(mut path: Vec<String>, name: String) -> Vec<String> {
    path.push(name);
    path
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Union(item) => item.ident.to_string(),
        _ => return None,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]`
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// Collects paths and functions.
struct Reader<'a> {
    module: &'a mut Module,
    functions: &'a mut Vec<Function>,
}

impl Reader<'_> {
    fn function(&mut self, name: &syn::Ident, start: proc_macro2::Span, block: &syn::Block) {
        let lines = block.brace_token.span.close().end().line + 1 - start.start().line;
        let (file, name) = (self.module.file.clone(), name.to_string());
        self.functions.push(Function { file, name, lines });
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.module.paths.push(names);
        visit::visit_path(self, path);
    }

    /// `pub(in crate::tui)` is not a use.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    /// The inside of a macro is not parsed: its paths are read from the tokens.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        paths_in(item.tokens.clone(), &mut self.module.paths);
        visit::visit_macro(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut inside = Module::default();
        add_use(&mut inside, Vec::new(), &item.tree, false);
        self.module.paths.extend(inside.imports.into_values().chain(inside.globs));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig.ident, item.sig.span(), &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig.ident, item.sig.span(), &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig.ident, item.sig.span(), block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// Names joined by `::`, and single ones.
fn paths_in(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    paths.push(std::mem::take(&mut path));
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(sign) if sign.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                paths.push(std::mem::take(&mut path));
                paths_in(group.stream(), paths);
                colons = 0;
            }
            _ => {
                paths.push(std::mem::take(&mut path));
                colons = 0;
            }
        }
    }
    paths.push(path);
    paths.retain(|path| !path.is_empty());
}
