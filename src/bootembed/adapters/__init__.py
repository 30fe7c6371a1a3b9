"""LoRA adapters of the generator: their training rows, their training, and their composition."""

# `all-linear` would also adapt the vision and audio towers of multimodal generators (Gemma 3): useless here, and vLLM
# refuses such adapters.
NOT_LANGUAGE = r".*\b(vision_tower|vision_model|visual|audio_tower|multi_modal_projector)\b.*"
"""Names of modules that read no text."""
