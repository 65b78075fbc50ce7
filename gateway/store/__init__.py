"""The only room that speaks SQL: operations over sets, run in a transaction of their own or in a lane."""
