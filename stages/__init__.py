"""One thin command per DVC stage; `dvc.yaml` says which files each reads and writes."""
