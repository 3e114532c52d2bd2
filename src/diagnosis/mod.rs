//! Why a model call failed, and what mends it.
