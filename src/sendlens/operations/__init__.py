"""Operations: what keeps an installation alive over years: backups, restoring them, and a doctor.

`backup` and `restore` are the two ways, `archive` and `manifest` what lies between them; `desk` lets a command ask the
running server; `doctor` says how a data directory is.
"""
