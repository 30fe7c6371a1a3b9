"""The MLflow model registry: one registered model a language, a version a recipe and encoder, one champion."""
