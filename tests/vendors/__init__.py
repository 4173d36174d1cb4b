"""Servers that speak the public protocols of services of the outside world, refusing what those refuse."""
