"""Mails: their templates, and those that the installation itself sends."""
