-- +goose Up

-- An invitation has two codes: one that the inviter sees, and one that goes to its address
-- by email. Only the latter shows that whoever has it reads what is sent there.
-- Programs of before write mailed and the first code instead.
ALTER TABLE invitations ADD COLUMN letter_digest BLOB;
UPDATE invitations SET letter_digest = digest WHERE mailed;
CREATE UNIQUE INDEX invitations_letter ON invitations (letter_digest) WHERE letter_digest IS NOT NULL;
