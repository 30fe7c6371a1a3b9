"""All that knows DVC and Hydra: composing parameters, running cells side by side, planning."""
