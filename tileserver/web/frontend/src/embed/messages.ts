// What an embed and the article around it say to each other. Nothing of it is secret, so an embed tells anybody.

/** An embed to its article: how high it would like to be, in page px. */
export interface HeightMessage {
  type: "map:height";
  height: number;
}

/** An article to its embed: the reader is near. */
export const NEAR = "map:near";
